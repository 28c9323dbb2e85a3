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
