import * as z from 'zod'

/**
 * The building blocks of every schema of the package. Each says what it expects in words, so that a wrong value is
 * answered with "expected a whole number of at least 1, got 0" whatever check it failed.
 */

interface Issue {
  readonly input: unknown
}

export function expected(what: string): (issue: Issue) => string {
  return (issue) => `expected ${what}, got ${show(issue.input)}`
}

export interface Range {
  atLeast?: number
  above?: number
  atMost?: number
  below?: number
}

function rangeText({ atLeast, above, atMost, below }: Range): string {
  const parts = [
    atLeast === undefined ? [] : [`at least ${atLeast}`],
    above === undefined ? [] : [`more than ${above}`],
    atMost === undefined ? [] : [`at most ${atMost}`],
    below === undefined ? [] : [`less than ${below}`],
  ].flat()
  return parts.length === 0 ? '' : ` of ${parts.join(' and ')}`
}

function inRange(schema: z.ZodNumber, range: Range, error: ReturnType<typeof expected>): z.ZodNumber {
  let checked = schema
  if (range.atLeast !== undefined) checked = checked.min(range.atLeast, { error })
  if (range.above !== undefined) checked = checked.gt(range.above, { error })
  if (range.atMost !== undefined) checked = checked.max(range.atMost, { error })
  if (range.below !== undefined) checked = checked.lt(range.below, { error })
  return checked
}

export function wholeNumber(range: Range = {}): z.ZodNumber {
  const error = expected(`a whole number${rangeText(range)}`)
  return inRange(z.number({ error }).int({ error }), range, error)
}

export function finiteNumber(range: Range = {}): z.ZodNumber {
  const error = expected(`a number${rangeText(range)}`)
  return inRange(z.number({ error }), range, error)
}

/** Where equal seeds give equal numbers; the largest one that a JavaScript number holds exactly fits 64 bits. */
export function seed(): z.ZodNumber {
  return wholeNumber({ atLeast: 0 })
}

export function flag(): z.ZodBoolean {
  return z.boolean({ error: expected('true or false') })
}

export function text(what = 'a non-empty text'): z.ZodString {
  const error = expected(what)
  return z.string({ error }).min(1, { error })
}

export function choice<const T extends string>(values: readonly T[]): z.ZodEnum<{ [K in T]: K }> {
  return z.enum(values, { error: expected(`one of ${values.map((value) => `'${value}'`).join(', ')}`) })
}

export function abortSignal(): z.ZodCustom<AbortSignal, AbortSignal> {
  return z.custom<AbortSignal>((value) => value instanceof AbortSignal, { error: expected('an AbortSignal') })
}

export function callback<T extends (...args: never[]) => unknown>(): z.ZodCustom<T, T> {
  return z.custom<T>((value) => typeof value === 'function', { error: expected('a function') })
}

/** An object that refuses keys which it does not know, and names the nearest one that it knows. */
export function settings<T extends z.core.$ZodLooseShape>(shape: T): z.ZodObject<T, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return expected('an object of settings')(issue)
      const object = issue.inst as z.ZodObject | undefined
      const known = Object.keys(object?.shape ?? shape)
      return (issue.keys as string[]).map((key) => unknownKey(key, known)).join('; ')
    },
  })
}

function unknownKey(key: string, known: string[]): string {
  const nearest = nearestWord(key, known)
  const advice = nearest === undefined ? `known: ${known.join(', ')}` : `did you mean '${nearest}'?`
  return `unknown setting '${key}' (${advice})`
}

/** The one of `words` that differs from `word` by a typing mistake; undefined when none is near. */
export function nearestWord(word: string, words: readonly string[]): string | undefined {
  const largestDistance = Math.ceil(word.length * 0.4)
  const ranked = words
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  const best = ranked[0]
  return best && best.distance <= largestDistance ? best.candidate : undefined
}

/** Insertions, deletions and replacements that lead from `a` to `b` (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

const LONGEST_SHOWN = 60

/** A value as an error message shows it: short, and never ambiguous about its type. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'number')
    return String(value)
  const json = safeJson(value)
  return json.length > LONGEST_SHOWN ? `${json.slice(0, LONGEST_SHOWN - 1)}…` : json
}

function safeJson(value: unknown): string {
  try {
    if (typeof value === 'string') return `'${value}'`
    const name = (value as object | null)?.constructor?.name
    if (name !== undefined && name !== 'Object' && name !== 'Array' && typeof value === 'object')
      return `a ${name}`
    return JSON.stringify(value)
  } catch {
    return 'an object'
  }
}
