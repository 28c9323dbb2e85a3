import * as z from 'zod'
import { C3D } from '../model'
import { cacheSchema } from './cache'
import { choice, expected, flag, seed, settings, wholeNumber } from './fields'
import { defaultLoader, loaderSchema } from './loader'
import { complete, parse } from './parse'
import {
  type Preprocessing,
  preprocessingSchema,
  type ResolvedPreprocessing,
  resolvePreprocessing,
} from './preprocessing'
import { defaultPreset, presets } from './presets'
import { plainSampling, type Sampling, samplingSchema } from './sampling'

const clipSchema = settings({
  frames: wholeNumber({ atLeast: 1, atMost: 1024 }).default(16), // section 3 of the paper: 3 x 16 x 112 x 112
  height: wholeNumber({ atLeast: 1, atMost: 4096 }).default(112),
  width: wholeNumber({ atLeast: 1, atMost: 4096 }).default(112),
})

export const clipLoaderSchema = settings({
  /** Whose input the clips are made for; its clip size and preprocessing are taken. */
  model: z.custom<C3D>((value) => value instanceof C3D, { error: expected('a C3D model') }).optional(),
  /** Size of the clips, without a model. */
  clip: clipSchema.partial().optional(),
  /** How frames are resized and, for float32, normalised; without a model. */
  preprocessing: preprocessingSchema.optional(),
  /** Which clips, and how they are changed. Left out: every clip that does not overlap, as it is. */
  sampling: samplingSchema.partial().prefault({}),
  /** A new random order in every pass. */
  shuffle: flag().default(false),
  seed: seed().default(1),
  /** Clips a batch; the last one may be smaller. */
  batchSize: wholeNumber({ atLeast: 1, atMost: 4096 }).default(30), // section 3.1
  /** 'uint8': pixels [n, frames, height, width, 3]; 'float32': network input [n, 3, frames, height, width]. */
  dtype: choice(['uint8', 'float32']).default('uint8'),
  /**
   * Whether all batches of a pass come in the same memory, whose contents then last until the next batch is asked for.
   * New memory for every batch makes work for the garbage collector.
   */
  reuse: flag().default(false),
  loader: loaderSchema.partial().prefault({}),
  cache: cacheSchema.default('none'),
})

export type ClipLoaderOptions = z.input<typeof clipLoaderSchema>

export interface ResolvedClipLoader
  extends Omit<
    z.output<typeof clipLoaderSchema>,
    'model' | 'clip' | 'preprocessing' | 'loader' | 'sampling'
  > {
  model: C3D | undefined
  clip: { frames: number; height: number; width: number }
  preprocessing: Preprocessing
  sampling: Sampling
  loader: ReturnType<typeof defaultLoader>
}

export function resolveClipLoader(options: ClipLoaderOptions): ResolvedClipLoader {
  const { model, clip, preprocessing, sampling, loader, ...rest } = parse(
    clipLoaderSchema,
    options,
    'clipLoader',
  )
  const input = model ? model.architecture.input : clipSchema.parse(clip ?? {})
  return {
    ...rest,
    model,
    clip: { frames: input.frames, height: input.height, width: input.width },
    preprocessing: (model && !preprocessing
      ? { preprocessing: model.preprocessing }
      : resolve(preprocessing ?? {}, input)
    ).preprocessing,
    sampling: complete(plainSampling, sampling),
    loader: complete(defaultLoader(), loader),
  }
}

function resolve(
  preprocessing: z.output<typeof preprocessingSchema>,
  input: { height: number; width: number },
): ResolvedPreprocessing {
  const profile = presets[defaultPreset].model.preprocessing
  return resolvePreprocessing(preprocessing, profile, input, 'clipLoader.preprocessing')
}
