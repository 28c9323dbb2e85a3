import type { ModelConfig } from './config/model'

/** When a clip is, in its video. */
export interface ClipTimes {
  /** First frame, counted from 0. */
  start: number
  /** The frame behind the last one. */
  end: number
  /** The same in seconds; left out where the frame rate is not known, as in frame folders. */
  startSeconds?: number
  endSeconds?: number
}

/** Frames of the video from the first to the last one of a clip, both included. */
export function clipSpan({ architecture, preprocessing }: ModelConfig, framesPerSecond: number): number {
  const { temporalStride, framesPerSecond: wanted } = preprocessing
  const step = temporalStride * (wanted && framesPerSecond > 0 ? framesPerSecond / wanted : 1)
  return Math.floor((architecture.input.frames - 1) * step + 1e-6) + 1
}

export function clipTimes(start: number, end: number, framesPerSecond: number): ClipTimes {
  if (!(framesPerSecond > 0)) return { start, end }
  return { start, end, startSeconds: start / framesPerSecond, endSeconds: end / framesPerSecond }
}
