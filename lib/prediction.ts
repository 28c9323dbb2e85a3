import { clipSpan } from './clip-span'
import { type ClipTimes, clipTimes } from './clip-times'
import type { ModelConfig } from './config/model'
import { evaluationSampling } from './config/sampling'
import {
  defaultClips,
  type FusedPredictOptions,
  type PredictOptions,
  resolveFusedPrediction,
  resolvePrediction,
} from './config/scoring'
import { fuse, reordered, requireSameClasses } from './evaluation/fusion'
import { ScorePool } from './evaluation/score-pool'
import { type LabelProbability, labelsAbove, topLabels } from './evaluation/top-labels'
import { unlabelledItems } from './labels'
import type { C3D } from './model'
import type { NativeModel, NativeVideoInfo } from './native/binding'
import { openVideo } from './open-video'
import { choosePrecision, nativePrecision } from './precision/choose'
import { type ClipScore, scoreClips } from './scoring'

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
  const videos = await openVideo(video, scoring.signal)
  try {
    const info = videos.videos[0] as NativeVideoInfo
    const span = clipSpan(config, info.framesPerSecond)
    const sampling = evaluationSampling(
      wanted ?? defaultClips(info.frames, span),
      crops,
      config.preprocessing,
    )
    const scores: ClipScore[] = []
    const items = unlabelledItems(videos)
    await scoreClips(model, { ...scoring, precision, items, sampling }, (clip) => scores.push(clip))
    scores.sort((a, b) => a.start - b.start)
    const probabilities = new ScorePool(aggregate, multiLabel)
      .addAll(scores.flatMap(({ crops }) => crops))
      .probabilities()
    return {
      video,
      top: topLabels(probabilities, classes, topK),
      probabilities,
      ...(multiLabel && { answers: labelsAbove(threshold, probabilities, classes) }),
      clips: scores.map((clip) => ({
        ...clipTimes(clip.start, Math.min(info.frames, clip.start + span), info.framesPerSecond),
        top: topLabels(
          new ScorePool(aggregate, multiLabel).addAll(clip.crops).probabilities(),
          classes,
          topK,
        ),
      })),
    }
  } finally {
    videos.close()
  }
}
