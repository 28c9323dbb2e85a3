import type * as z from 'zod'
import { abortSignal, callback, choice, settings, wholeNumber } from './fields'
import { defaultLoader, loaderSchema } from './loader'
import { complete, parse } from './parse'
import { preprocessingSchema } from './preprocessing'
import type { ScoringProgress } from './scoring'

const clipMeanSchema = settings({
  /** Frames of a clip; every clip that does not overlap counts. */
  frames: wholeNumber({ atLeast: 1, atMost: 1024 }).default(16), // section 3 of the paper
  /** Size of the resized frames. */
  resize: settings({
    width: wholeNumber({ atLeast: 1, atMost: 4096 }),
    height: wholeNumber({ atLeast: 1, atMost: 4096 }),
  }).default({ width: 171, height: 128 }), // section 3 of the paper
  channelOrder: choice(['rgb', 'bgr']).default('rgb'),
  temporalStride: preprocessingSchema.shape.temporalStride.unwrap().default(1),
  framesPerSecond: preprocessingSchema.shape.framesPerSecond.unwrap().default(null),
  loader: loaderSchema.partial().prefault({}),
  signal: abortSignal().optional(),
  onProgress: callback<(progress: ScoringProgress) => void>().optional(),
})

export type ClipMeanOptions = z.input<typeof clipMeanSchema>

export function resolveClipMean(options: ClipMeanOptions) {
  const parsed = parse(clipMeanSchema, options, 'clipMean')
  return { ...parsed, loader: complete(defaultLoader(), parsed.loader) }
}
