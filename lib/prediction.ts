import type { ModelConfig } from './config/model'
import { evaluationSampling } from './config/sampling'
import { defaultClips, type PredictOptions, resolvePrediction } from './config/scoring'
import { unlabelledItems } from './labels'
import type { NativeModel, NativeVideoInfo } from './native/binding'
import { openVideo } from './open-video'
import { type ClipScore, scoreClips, topPlaces } from './scoring'

export interface LabelProbability {
  label: string
  /** 0 to 1. */
  probability: number
}

export interface ClipPrediction {
  /** First frame, counted from 0. */
  start: number
  /** The frame behind the last one. */
  end: number
  /** The same in seconds; left out where the frame rate is not known, as in frame folders. */
  startSeconds?: number
  endSeconds?: number
  /** The likeliest classes, best first. */
  top: LabelProbability[]
}

export interface Prediction {
  video: string
  /** The likeliest classes of the whole video, best first: the mean of its clips' probabilities. */
  top: LabelProbability[]
  /** One for each of the model's classes, in their order; they add up to 1. */
  probabilities: number[]
  /** In the order of time. */
  clips: ClipPrediction[]
}

/** See C3D.predict. */
export async function predictVideo(
  model: { native: NativeModel; config: ModelConfig },
  video: string,
  options: PredictOptions,
): Promise<Prediction> {
  const { clips: wanted, crops, topK, ...scoring } = resolvePrediction(options)
  const { config } = model
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
    await scoreClips(model, { ...scoring, items, sampling }, (clip) => scores.push(clip))
    scores.sort((a, b) => a.start - b.start)
    const probabilities = meanProbabilities(scores, config.classes.length)
    return {
      video,
      top: topLabels(probabilities, config.classes, topK),
      probabilities,
      clips: scores.map((clip) => ({
        ...timesOf(clip.start, Math.min(info.frames, clip.start + span), info.framesPerSecond),
        top: topLabels(clip.probabilities, config.classes, topK),
      })),
    }
  } finally {
    videos.close()
  }
}

/** Frames of the video from the first to the last one of a clip, both included. */
function clipSpan({ architecture, preprocessing }: ModelConfig, framesPerSecond: number): number {
  const { temporalStride, framesPerSecond: wanted } = preprocessing
  const step = temporalStride * (wanted && framesPerSecond > 0 ? framesPerSecond / wanted : 1)
  return Math.floor((architecture.input.frames - 1) * step + 1e-6) + 1
}

function meanProbabilities(clips: ClipScore[], classes: number): number[] {
  const sums = new Array<number>(classes).fill(0)
  for (const clip of clips)
    clip.probabilities.forEach((probability, label) => {
      sums[label] = (sums[label] ?? 0) + probability
    })
  return sums.map((sum) => sum / clips.length)
}

function topLabels(probabilities: number[], classes: string[], count: number): LabelProbability[] {
  return topPlaces(probabilities, count).map((place) => ({
    label: classes[place] ?? '',
    probability: probabilities[place] ?? 0,
  }))
}

function timesOf(start: number, end: number, framesPerSecond: number): Omit<ClipPrediction, 'top'> {
  if (!(framesPerSecond > 0)) return { start, end }
  return { start, end, startSeconds: start / framesPerSecond, endSeconds: end / framesPerSecond }
}
