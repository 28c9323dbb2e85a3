import type * as z from 'zod'
import { cacheSchema } from './cache'
import { abortSignal, callback, choice, settings, text, wholeNumber } from './fields'
import { defaultLoader, loaderSchema } from './loader'
import { complete, parse } from './parse'
import { precisionSchema } from './precision'
import type { ScoringProgress } from './scoring'

/** Settings of what shows at what a network looks. */

const clipShape = {
  /** The clip's first frame; left out: that of the clip in the middle of the video. */
  start: wholeNumber({ atLeast: 0 }).optional(),
  signal: abortSignal().optional(),
}

const layer = () => text('the name of a layer')

export const gradCamSchema = settings({
  /** Whose evidence is looked for; left out: the clip's likeliest class. */
  class: text('the name of a class').optional(),
  /** A convolution or a pool; left out: the last convolution, as Selvaraju et al. take. */
  layer: layer().optional(),
  ...clipShape,
})

export const backwardRules = ['deconvolution', 'guided'] as const

export const deconvolveSchema = settings({
  /** A convolution, a pool or a linear layer. */
  layer: layer(),
  /** Its channel or unit, counted from 0. */
  filter: wholeNumber({ atLeast: 0 }),
  /**
   * What a ReLU lets through on the way back: 'deconvolution', what is above 0 of the signal (Zeiler and Fergus, ECCV
   * 2014); 'guided', of that only what it let through on the way there (Springenberg et al., ICLR 2015).
   */
  rule: choice(backwardRules).default('deconvolution'),
  ...clipShape,
})

const topActivationsSchema = settings({
  layer: layer(),
  /** Clips of each filter, at most one a video. Zeiler and Fergus show nine. */
  count: wholeNumber({ atLeast: 1 }).default(9),
  /** Frames of the video from one clip's start to the next one's. */
  stride: wholeNumber({ atLeast: 1 }).default(8),
  /** Clips a forward pass; only speed and memory depend on it. */
  batchSize: wholeNumber({ atLeast: 1 }).default(8),
  precision: precisionSchema.default('float32'),
  loader: loaderSchema.partial().prefault({}),
  cache: cacheSchema.default('none'),
  signal: abortSignal().optional(),
  onProgress: callback<(progress: ScoringProgress) => void>().optional(),
  /** With `loader: { unreadable: 'skip' }`: told of videos of which clips could not be read and are left out. */
  onUnreadable: callback<(videos: { path: string; reason: string }[]) => void>().optional(),
})

/** How strips and films of clips are drawn. */
export const pictureSchema = settings({
  /** Pixels of the picture for each of the clip's, in both directions; left out: until a frame is 112 high. */
  scale: wholeNumber({ atLeast: 1, atMost: 64 }).optional(),
  /** A strip shows one of so many frames. Films show all. */
  every: wholeNumber({ atLeast: 1 }).default(1),
  /** Of films, which are slower than the videos: a clip is over in half a second. */
  framesPerSecond: wholeNumber({ atLeast: 1, atMost: 50 }).default(8),
})

/** Height of a frame from which on it is not enlarged; the paper's. */
export const legibleHeight = 112

/** Side of a filter's picture, from which on it is not enlarged. */
export const legibleFilter = 48

export type GradCamOptions = z.input<typeof gradCamSchema>
export type DeconvolveOptions = z.input<typeof deconvolveSchema>
export type BackwardRule = (typeof backwardRules)[number]
export type TopActivationsOptions = z.input<typeof topActivationsSchema>
export type PictureOptions = z.input<typeof pictureSchema>
export type ResolvedPictures = z.output<typeof pictureSchema>

export function resolveTopActivations(options: TopActivationsOptions) {
  const parsed = parse(topActivationsSchema, options, 'topActivations')
  return { ...parsed, loader: complete(defaultLoader(), parsed.loader) }
}
