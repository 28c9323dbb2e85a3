import { topPlaces } from '../scoring'

export interface LabelProbability {
  label: string
  /** 0 to 1. */
  probability: number
}

/** The `count` likeliest classes, best first. */
export function topLabels(
  probabilities: readonly number[],
  classes: readonly string[],
  count: number,
): LabelProbability[] {
  return topPlaces(probabilities, count).map((place) => ({
    label: classes[place] ?? '',
    probability: probabilities[place] ?? 0,
  }))
}

/** The classes whose probability is at least `threshold`, in their order. */
export function labelsAbove(
  threshold: number,
  probabilities: readonly number[],
  classes: readonly string[],
): string[] {
  return classes.filter((_, place) => (probabilities[place] ?? 0) >= threshold)
}
