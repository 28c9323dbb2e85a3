import { labelsOf } from './video-item'

/** Videos of every class, in the order of `classes`; one of several classes counts for each of them. */
export function countClasses(
  classes: readonly string[],
  videos: readonly { label: string; labels?: readonly string[] }[],
): number[] {
  const counts = new Map<string, number>()
  for (const video of videos)
    for (const name of labelsOf(video)) counts.set(name, (counts.get(name) ?? 0) + 1)
  return classes.map((name) => counts.get(name) ?? 0)
}

/**
 * Items without a class divided by those with it, what PyTorch's documentation of BCEWithLogitsLoss proposes as
 * pos_weight; 1 for a class that no item has, or that all have.
 */
export function negativesByPositive(counts: readonly number[], all: number): number[] {
  return counts.map((count) => (count === 0 || count === all ? 1 : (all - count) / count))
}

/** (1 / count) / mean of all (1 / count): inverse to the frequency, with a mean of 1. 0 for classes without videos. */
export function inverseFrequencies(counts: readonly number[]): number[] {
  const inverses = counts.map((count) => (count === 0 ? 0 : 1 / count))
  const present = inverses.filter((inverse) => inverse > 0)
  const mean = present.reduce((a, b) => a + b, 0) / present.length
  return inverses.map((inverse) => (inverse === 0 ? 0 : inverse / mean))
}
