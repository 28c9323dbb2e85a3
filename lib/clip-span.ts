import type { ModelConfig } from './config/model'

/** Frames of a video from the first to the last one of a clip, both included. */
export function clipSpan(
  { architecture, preprocessing }: Pick<ModelConfig, 'architecture' | 'preprocessing'>,
  framesPerSecond: number,
): number {
  const { temporalStride, framesPerSecond: wanted } = preprocessing
  const step = temporalStride * (wanted && framesPerSecond > 0 ? framesPerSecond / wanted : 1)
  return Math.floor((architecture.input.frames - 1) * step + 1e-6) + 1
}
