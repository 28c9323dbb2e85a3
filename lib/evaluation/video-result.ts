import { labelsOf, type VideoItem } from '../dataset/video-item'
import type { ModelClasses } from '../labels'
import { type LabelProbability, labelsAbove, topLabels } from './top-labels'

/** The answer for one video of an evaluation. */
export interface VideoResult {
  path: string
  /** First frame, and the one behind the last, where the item is a part of the file. */
  start?: number
  end?: number
  /** Its class; of a multi-label model, the first one, or '' for none. */
  label: string
  /** Whether the likeliest class is its class; of a multi-label model, whether `answers` are its classes. */
  right: boolean
  /** Of a multi-label model: its classes, and those whose probability reaches the threshold. */
  labels?: readonly string[]
  answers?: readonly string[]
  /** The likeliest classes, best first. */
  top: LabelProbability[]
  /** One for each of the model's classes, in their order. */
  probabilities: number[]
}

export function videoResult(
  video: VideoItem,
  probabilities: readonly number[],
  { classes, multiLabel }: ModelClasses,
  { topK, threshold }: { topK: number; threshold: number },
): VideoResult {
  const { path, label, start, end } = video
  const top = topLabels(probabilities, classes, topK)
  const labels = labelsOf(video)
  const answers = labelsAbove(threshold, probabilities, classes)
  return {
    path,
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    label,
    right: multiLabel
      ? labels.length === answers.length && labels.every((own) => answers.includes(own))
      : top[0]?.label === label,
    ...(multiLabel && { labels, answers }),
    top,
    probabilities: [...probabilities],
  }
}
