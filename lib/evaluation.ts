import {
  type EvaluateOptions,
  type FusedEvaluateOptions,
  type ResolvedEvaluation,
  resolveEvaluation,
  resolveFusedEvaluation,
} from './config/scoring'
import { datasetState, type VideoDataset } from './dataset'
import type { ClipScores } from './evaluation/clip-metrics'
import { fuse, reordered, requireSameClasses } from './evaluation/fusion'
import { scoreVideos } from './evaluation/score-videos'
import type { VideoScores } from './evaluation/video-metrics'
import { VideoReport } from './evaluation/video-report'
import type { VideoResult } from './evaluation/video-result'
import { nativeItems } from './labels'
import { type C3D, modelState } from './model'
import { C3DError } from './native/errors'
import { evaluations } from './prediction-queue'
import type { Scores } from './training/events'

export interface Evaluation extends Scores, VideoScores {
  /** The answer for every video, in the order of the data set, with `details: true`. */
  results?: VideoResult[]
}

/** Late fusion of several models: scores of videos, since the models may look at different clips. */
export interface FusedEvaluation extends VideoScores {
  /** How much each model counts; they add up to 1. */
  weights: number[]
  /** Each model by itself. */
  models: Evaluation[]
  /** See Evaluation. */
  results?: VideoResult[]
}

/**
 * Measures a model on labelled videos: centre crops, no flip. A video's answer is by default the mean of the
 * probabilities of its clips (`aggregate`). The data set's classes may be some of the model's.
 *
 * Of a multi-label model, videos may have any number of classes: the classes whose probability reaches `threshold` are
 * its answers, and `multiLabel` has what they are worth; there is no confusion matrix.
 *
 * Several models are fused: the answer is the weighted mean of their probabilities, each with its own preprocessing.
 * They must have the same classes; those of the first one give the order.
 *
 * @example const { videoTop1, perClass } = await evaluate(model, data)
 * @example const { videoTop1, models } = await evaluate([colour, motion], data, { weights: [1, 1.5] })
 * @throws C3D_INVALID_ARGUMENT (a class that the model does not know, models of different classes),
 * C3D_EMPTY_DATASET, C3D_VIDEO_UNREADABLE, C3D_ABORTED
 */
export async function evaluate(
  model: C3D,
  dataset: VideoDataset,
  options?: EvaluateOptions,
): Promise<Evaluation>
export async function evaluate(
  models: readonly C3D[],
  dataset: VideoDataset,
  options?: FusedEvaluateOptions,
): Promise<FusedEvaluation>
export async function evaluate(
  models: C3D | readonly C3D[],
  dataset: VideoDataset,
  options: FusedEvaluateOptions = {},
): Promise<Evaluation | FusedEvaluation> {
  return Array.isArray(models)
    ? evaluateFused(models, dataset, options)
    : evaluateOne(models as C3D, dataset, options)
}

async function evaluateOne(model: C3D, dataset: VideoDataset, options: EvaluateOptions): Promise<Evaluation> {
  const settings = resolveEvaluation(options)
  const report = new VideoReport(dataset, model, settings)
  const clipScores = await score(model, dataset, settings, (item, answer) => report.add(item, answer))
  return { ...clipScores, ...(await report.scores()) }
}

async function evaluateFused(
  models: readonly C3D[],
  dataset: VideoDataset,
  given: FusedEvaluateOptions,
): Promise<FusedEvaluation> {
  requireSameClasses(models)
  const { options, weights } = resolveFusedEvaluation(given, models.length)
  const settings = resolveEvaluation(options)
  const { classes, multiLabel } = models[0] as C3D
  const fused = new VideoReport(dataset, { classes, multiLabel }, settings)
  const reports: VideoReport[] = []
  const evaluations: Evaluation[] = []
  for (const model of models) {
    const own = new VideoReport(
      dataset,
      { classes, multiLabel },
      { ...settings, details: false, onVideo: undefined },
    )
    reports.push(own)
    const clipScores = await score(model, dataset, settings, (item, answer) => {
      own.add(item, reordered(answer, model.classes, classes))
      const answers = reports.map((report) => report.answerTo(item)).filter((known) => known !== undefined)
      if (answers.length === models.length) fused.add(item, fuse(answers, weights))
    })
    evaluations.push({ ...clipScores, ...(await own.scores()) })
  }
  return { ...(await fused.scores()), weights, models: evaluations }
}

async function score(
  model: C3D,
  dataset: VideoDataset,
  settings: ResolvedEvaluation,
  onVideo: (item: number, probabilities: number[]) => void,
): Promise<ClipScores> {
  const state = modelState(model)
  const items = nativeItems(datasetState(dataset), model)
  if (items.videos.length === 0) throw new C3DError('C3D_EMPTY_DATASET', 'There is no video to evaluate on.')
  return evaluations.run(() => scoreVideos(state, items, settings, onVideo), settings.signal)
}
