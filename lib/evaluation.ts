import { evaluationSampling } from './config/sampling'
import { type EvaluateOptions, resolveEvaluation } from './config/scoring'
import { datasetState, type VideoDataset } from './dataset'
import { EvaluationMetrics } from './evaluation/metrics'
import { nativeItems } from './labels'
import { type C3D, modelState } from './model'
import { C3DError } from './native/errors'
import { scoreClips } from './scoring'
import type { Scores } from './training/events'

export interface ClassScore {
  label: string
  /** Videos of this class. */
  videos: number
  /** Part of them that got this class as the answer; null when there are none. */
  videoTop1: number | null
}

export interface Evaluation extends Scores {
  /** Videos by class (row) and answer (column), in the order of the model's classes. */
  confusion: number[][]
  /** In the order of the model's classes. */
  perClass: ClassScore[]
}

/**
 * Measures a model on labelled videos: centre crops, no flip. A video's answer is the mean of the probabilities of its
 * clips. The data set's classes may be some of the model's.
 *
 * @throws C3D_INVALID_ARGUMENT (a class that the model does not know), C3D_EMPTY_DATASET, C3D_VIDEO_UNREADABLE,
 * C3D_ABORTED
 */
export async function evaluate(
  model: C3D,
  dataset: VideoDataset,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const { clips, crops, ...scoring } = resolveEvaluation(options)
  const state = modelState(model)
  const items = nativeItems(datasetState(dataset), model.classes)
  if (items.videos.length === 0) throw new C3DError('C3D_EMPTY_DATASET', 'There is no video to evaluate on.')
  const metrics = new EvaluationMetrics(model.classes.length, [...items.labels])
  const sampling = evaluationSampling(clips, crops, state.config.preprocessing)
  await scoreClips(state, { ...scoring, items, sampling }, (clip) => metrics.add(clip))
  const confusion = metrics.confusion()
  return {
    ...metrics.scores(),
    confusion,
    perClass: model.classes.map((label, number) => classScore(label, number, confusion[number] ?? [])),
  }
}

function classScore(label: string, number: number, answers: number[]): ClassScore {
  const videos = answers.reduce((a, b) => a + b, 0)
  return { label, videos, videoTop1: videos === 0 ? null : (answers[number] ?? 0) / videos }
}
