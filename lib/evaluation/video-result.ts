import type { VideoItem } from '../dataset/video-item'
import { type LabelProbability, topLabels } from './top-labels'

/** The answer for one video of an evaluation. */
export interface VideoResult {
  path: string
  /** First frame, and the one behind the last, where the item is a part of the file. */
  start?: number
  end?: number
  /** Its class. */
  label: string
  /** Whether the likeliest class is its class. */
  right: boolean
  /** The likeliest classes, best first. */
  top: LabelProbability[]
  /** One for each of the model's classes, in their order. */
  probabilities: number[]
}

export function videoResult(
  { path, label, start, end }: VideoItem,
  probabilities: readonly number[],
  classes: readonly string[],
  topK: number,
): VideoResult {
  const top = topLabels(probabilities, classes, topK)
  return {
    path,
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    label,
    right: top[0]?.label === label,
    top,
    probabilities: [...probabilities],
  }
}
