import type * as z from 'zod'
import type { NativeSampling } from '../native/binding'
import { cacheSchema } from './cache'
import { abortSignal, callback, choice, expected, settings, text, wholeNumber } from './fields'
import { defaultLoader, loaderSchema } from './loader'
import { complete, parse } from './parse'
import { precisionSchema } from './precision'
import type { Preprocessing } from './preprocessing'
import { nativeSampling, plainSampling } from './sampling'
import type { ScoringProgress } from './scoring'

/** Settings of features: what a network makes of the clips of a video, read off at one of its layers. */

export const poolings = ['none', 'average', 'max'] as const

/** How the activations [C, T, H, W] of a convolution or a pool become a vector. */
export type FeaturePooling = (typeof poolings)[number]

const extractShape = {
  /**
   * Whose activations: a convolution's or linear layer's after ReLU, a pool's; the classifier's ('fc8'), which are the
   * logits; 'prob': their softmax. Section 3.3 of the paper takes fc6.
   */
  layer: text('the name of a layer').default('fc6'),
  /** Frames of the video from one clip's start to the next one's. Section 3.3: clips of 16 frames overlap by 8. */
  stride: wholeNumber({ atLeast: 1 }).default(8),
  /** Of a convolution or a pool: 'none' keeps all activations, in the order C, T, H, W; the others keep C. */
  pooling: choice(poolings).default('none'),
  /** 'l2': every vector that comes out is divided by its length, after averaging. */
  normalize: choice(['l2', 'none']).default('l2'),
  /** Clips a forward pass; only speed and memory depend on it. */
  batchSize: wholeNumber({ atLeast: 1 }).default(8),
  /** In what layers multiply. Lower ones are faster on some devices, and move an activation by a percent or so. */
  precision: precisionSchema.default('float32'),
  loader: loaderSchema.partial().prefault({}),
  cache: cacheSchema.default('none'),
  signal: abortSignal().optional(),
  onProgress: callback<(progress: ScoringProgress) => void>().optional(),
  /** With `loader: { unreadable: 'skip' }`: told of videos of which clips could not be read and are left out. */
  onUnreadable: callback<(videos: { path: string; reason: string }[]) => void>().optional(),
}

const extractSchema = settings(extractShape)

const extractSetSchema = settings({
  ...extractShape,
  /** 'video': a row for each video, the mean over its clips; 'clip': a row for each clip. */
  per: choice(['video', 'clip']).default('video'),
  /**
   * Where the features are written: .npy, .npz, .safetensors, .jsonl or .csv. What is done is kept in `<out>.partial`
   * until all is: an extraction that was stopped goes on there.
   */
  out: text('the path of a file').optional(),
  /** Folder for a file for each clip in the format of C3D's Caffe code, with the activations as they are. */
  clipFiles: text('the path of a folder').optional(),
})

const classifySchema = settings({
  stride: extractShape.stride,
  /**
   * Over how many windows each answer is averaged: it and as many before as behind it, fewer at the ends of the video.
   * 1: not smoothed.
   */
  smoothing: wholeNumber({ atLeast: 1 })
    .refine((windows) => windows % 2 === 1, {
      error: expected('an odd number: a window, and as many before as behind it'),
    })
    .default(1),
  /** Number of classes in `top`. */
  topK: wholeNumber({ atLeast: 1 }).default(5),
  batchSize: extractShape.batchSize,
  precision: extractShape.precision,
  loader: extractShape.loader,
  cache: extractShape.cache,
  signal: extractShape.signal,
  onProgress: extractShape.onProgress,
  onUnreadable: extractShape.onUnreadable,
})

export type ClassifyOptions = z.input<typeof classifySchema>
export type ExtractOptions = z.input<typeof extractSchema>
export type ExtractSetOptions = z.input<typeof extractSetSchema>
export type ResolvedExtraction = ReturnType<typeof resolveExtraction>
export type ResolvedSetExtraction = ReturnType<typeof resolveSetExtraction>

export function resolveExtraction(options: ExtractOptions) {
  const parsed = parse(extractSchema, options, 'extract')
  return { ...parsed, loader: complete(defaultLoader(), parsed.loader) }
}

export function resolveClassification(options: ClassifyOptions) {
  const parsed = parse(classifySchema, options, 'classify')
  return { ...parsed, loader: complete(defaultLoader(), parsed.loader) }
}

export function resolveSetExtraction(options: ExtractSetOptions) {
  const parsed = parse(extractSetSchema, options, 'extract')
  return { ...parsed, loader: complete(defaultLoader(), parsed.loader) }
}

/** Centre crops, a clip every `stride` frames. */
export function featureSampling(stride: number, preprocessing: Preprocessing): NativeSampling {
  const dense = { ...plainSampling, mode: 'dense' as const, clipStride: stride }
  return nativeSampling(dense, preprocessing, { shuffle: false, shuffleBlock: 0 })
}
