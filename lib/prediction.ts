import { clipSpan } from './clip-span'
import { type ClipTimes, clipTimes } from './clip-times'
import type { ModelConfig } from './config/model'
import { type Clips, type Crops, evaluationSampling } from './config/sampling'
import {
  defaultClips,
  type FusedPredictOptions,
  MOST_CLIPS,
  type PredictOptions,
  resolveFusedPrediction,
  resolvePrediction,
} from './config/scoring'
import { fuse, reordered, requireSameClasses } from './evaluation/fusion'
import { ScorePool } from './evaluation/score-pool'
import { type LabelProbability, labelsAbove, topLabels } from './evaluation/top-labels'
import type { C3D } from './model'
import type { NativeModel } from './native/binding'
import { choosePrecision, nativePrecision } from './precision/choose'
import { type ClipScore, CropMerger, LOGITS } from './scoring'
import { readOutVideo, type VideoReadoutRequest } from './video-scoring'

export interface ClipPrediction extends ClipTimes {
  /** The likeliest classes, best first. */
  top: LabelProbability[]
}

export interface Prediction {
  video: string
  /** The likeliest classes of the whole video, best first, by all of its clips. */
  top: LabelProbability[]
  /** One for each of the model's classes, in their order; they add up to 1, unless the model is multi-label. */
  probabilities: number[]
  /** Of a multi-label model: the classes whose probability reaches `threshold`, in their order. */
  answers?: string[]
  /** In the order of time. */
  clips: ClipPrediction[]
}

/** What several models say together. */
export interface FusedPrediction extends Omit<Prediction, 'clips'> {
  /** How much each model counts; they add up to 1. */
  weights: number[]
  /** Each model by itself. */
  models: Prediction[]
}

/**
 * Late fusion: asks several models of the same classes, each with its own preprocessing, and takes the weighted mean of
 * their probabilities. The classes of the first one give the order.
 *
 * @example const { top } = await predict([colour, motion], 'clip.mp4', { weights: [1, 1.5] })
 * @throws C3D_INVALID_ARGUMENT (models of different classes) and as C3D.predict
 */
export async function predict(
  models: readonly C3D[],
  video: string,
  given: FusedPredictOptions = {},
): Promise<FusedPrediction> {
  requireSameClasses(models)
  const { options, weights } = resolveFusedPrediction(given, models.length)
  const { topK, threshold } = resolvePrediction(options)
  const { classes, multiLabel } = models[0] as C3D
  const predictions: Prediction[] = []
  for (const model of models) predictions.push(await model.predict(video, options))
  const answers = predictions.map(({ probabilities }, i) =>
    reordered(probabilities, models[i]?.classes ?? [], classes),
  )
  const probabilities = fuse(answers, weights)
  return {
    video,
    top: topLabels(probabilities, classes, topK),
    probabilities,
    ...(multiLabel && { answers: labelsAbove(threshold, probabilities, classes) }),
    weights,
    models: predictions,
  }
}

/** See C3D.predict. */
export async function predictVideo(
  model: { native: NativeModel; config: ModelConfig },
  video: string,
  options: PredictOptions,
): Promise<Prediction> {
  const { clips: wanted, crops, topK, threshold, aggregate, ...scoring } = resolvePrediction(options)
  const { config } = model
  const chosen = await choosePrecision(model, scoring.precision, 'predict.precision', scoring.signal)
  const precision = nativePrecision(chosen)
  const { classes, multiLabel } = config
  const { scores, framesPerSecond } = await scoreVideo(model, {
    ...scoring,
    ...clipSampling(config, wanted, crops),
    video,
    precision,
    readout: LOGITS,
  })
  const probabilities = new ScorePool(aggregate, multiLabel)
    .addAll(scores.flatMap(({ crops }) => crops))
    .probabilities()
  return {
    video,
    top: topLabels(probabilities, classes, topK),
    probabilities,
    ...(multiLabel && { answers: labelsAbove(threshold, probabilities, classes) }),
    clips: scores.map(({ start, end, crops }) => ({
      ...clipTimes(start, end, framesPerSecond),
      top: topLabels(new ScorePool(aggregate, multiLabel).addAll(crops).probabilities(), classes, topK),
    })),
  }
}

/** Left out, the number of clips depends on the number of frames. */
function clipSampling(
  config: ModelConfig,
  wanted: Clips | undefined,
  crops: Crops,
): Pick<VideoReadoutRequest, 'sampling' | 'samplingOf'> {
  const samplingOf = (clips: Clips) => evaluationSampling(clips, crops, config.preprocessing)
  if (wanted !== undefined) return { sampling: samplingOf(wanted) }
  return {
    sampling: samplingOf(MOST_CLIPS),
    samplingOf: ({ frames, framesPerSecond }) =>
      samplingOf(defaultClips(frames, clipSpan(config, framesPerSecond))),
  }
}

/** The clips in the order of time. */
async function scoreVideo(
  model: { native: NativeModel },
  request: VideoReadoutRequest,
): Promise<{ scores: ClipScore[]; framesPerSecond: number }> {
  const scores: ClipScore[] = []
  let framesPerSecond = 0
  const merger = new CropMerger((clip) => scores.push(clip))
  await readOutVideo(model, request, (clip, rate) => {
    framesPerSecond = rate
    merger.add(clip)
  })
  merger.end()
  return { scores: scores.sort((a, b) => a.start - b.start), framesPerSecond }
}
