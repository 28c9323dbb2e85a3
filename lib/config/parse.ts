import type * as z from 'zod'
import { C3DError } from '../native/errors'

/**
 * Checks `value` against `schema`. Throws C3D_INVALID_CONFIG with one line for every mistake, each saying where it is,
 * what was expected and what came: "at training.batchSize: expected a whole number of at least 1, got 0".
 *
 * @param root name of the whole value, the first part of every place
 */
export function parse<T extends z.ZodType>(schema: T, value: unknown, root: string): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const lines = result.error.issues.map((issue) => `at ${place(root, issue.path)}: ${issue.message}`)
  throw new C3DError('C3D_INVALID_CONFIG', lines.join('\n'))
}

/** For rules that span several values, which a schema cannot tell. */
export function invalid(where: string, message: string): C3DError {
  return new C3DError('C3D_INVALID_CONFIG', `at ${where}: ${message}`)
}

function place(root: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${String(key)}`),
    root,
  )
}

/** `overrides` over `base`; a key whose value is undefined counts as left out. */
export function complete<T extends object>(
  base: T,
  overrides: { [K in keyof T]?: T[K] | undefined } | undefined,
): T {
  const given = Object.entries(overrides ?? {}).filter(([, value]) => value !== undefined)
  return { ...base, ...Object.fromEntries(given) }
}
