import type { NetSummary, PairSpread, Spread, StudyOutcome } from './events'
import type { StudyNet } from './nets'
import { paperAccuracies } from './paper-figure'

/** What the trainings of one network came to, over its seeds. */
export function summarize(
  net: StudyNet,
  outcomes: readonly StudyOutcome[],
  classes: readonly string[],
  pairs: readonly (readonly [string, string])[],
): NetSummary {
  const own = outcomes.filter((outcome) => outcome.net === net.name)
  const sound = own.filter(({ reason }) => reason !== 'diverged')
  const last = sound.map(({ epochs }) => epochs.at(-1)?.validation)
  const longest = Math.max(0, ...sound.map(({ epochs }) => epochs.length))
  return {
    ...net,
    trainings: own.length,
    diverged: own.length - sound.length,
    clipTop1: spread(last.map((scores) => scores?.clipTop1)),
    videoTop1: spread(last.map((scores) => scores?.videoTop1)),
    pairs: pairs.map(([a, b]): PairSpread => {
      const places = [classes.indexOf(a), classes.indexOf(b)] as const
      const accuracies = sound.map(({ confusion }) => (confusion ? withinPair(confusion, places) : undefined))
      return { classes: [a, b], accuracy: spread(accuracies) }
    }),
    curve: Array.from({ length: longest }, (_, i) => {
      const values = spread(sound.map(({ epochs }) => epochs[i]?.validation?.clipTop1))
      return values ? [{ epoch: i + 1, ...values }] : []
    }).flat(),
    seconds: spread(sound.map(({ seconds }) => seconds)),
    paper: paperAccuracies[net.name] ?? null,
  }
}

/** Of the videos of two classes that were answered with one of the two, the part that was right; undefined for none. */
export function withinPair(
  confusion: readonly (readonly number[])[],
  [a, b]: readonly [number, number],
): number | undefined {
  const count = (label: number, answer: number) => confusion[label]?.[answer] ?? 0
  const right = count(a, a) + count(b, b)
  const answered = right + count(a, b) + count(b, a)
  return answered === 0 ? undefined : right / answered
}

/** Of the values that there are; null for none. The deviation is the sample's, with n - 1. */
export function spread(values: readonly (number | undefined)[]): Spread | null {
  const known = values.filter((value) => value !== undefined)
  const count = known.length
  if (count === 0) return null
  const mean = known.reduce((sum, value) => sum + value, 0) / count
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, deviation: count === 1 ? null : Math.sqrt(squares / (count - 1)), count }
}
