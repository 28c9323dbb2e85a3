import { nativeCache } from '../config/cache'
import type { Preprocessing } from '../config/preprocessing'
import type { TrainingConfig } from '../config/training'
import type { NativeArchitectureSummary } from '../native/binding'
import { C3DError } from '../native/errors'
import type { SystemMemory } from './system-memory'

const FLOAT = 4
/** What LibTorch's libraries take once they compute: code made for the shapes, threads, packed weights. */
const LIBRARIES = 100e6
/** Beyond what there is by so much, a forecast is no matter of its accuracy any more. */
const CERTAINLY = 1.2

/** What a training will take, in bytes, as in float32. */
export interface MemoryForecast {
  weights: number
  gradients: number
  momentum: number
  /** Of a pass, at its peak: what autograd keeps, and the gradients of it. */
  activations: number
  /** `batchSize`, or all clips of an epoch where there are fewer. No bytes. */
  clipsAPass: number
  /** Clips that are read ahead. */
  clips: number
  /** Decoded frames that are kept, with the cache 'memory'. */
  cache: number
  /** All of these, and what LibTorch takes beside. */
  total: number
  /** What is not in the numbers; not there for float32. */
  caveat?: string
}

export interface ForecastInput {
  config: TrainingConfig
  preprocessing: Preprocessing
  summary: NativeArchitectureSummary
  input: { frames: number; height: number; width: number }
  /** Frames of each video; undefined: not known. */
  frames?: readonly number[] | undefined
}

export function forecastMemory(given: ForecastInput): MemoryForecast {
  const { config, summary, input } = given
  const weights = FLOAT * summary.parameters
  const most = mostClips(given)
  const clipsAPass = Math.min(config.batchSize, most)
  const together = Math.min(config.batchSize * config.accumulate, most)
  const parts = {
    weights,
    gradients: weights,
    momentum: config.optimizer.momentum > 0 ? weights : 0,
    activations: clipsAPass * summary.activationBytes,
    // `prefetch` batches are decoded, as many may wait, and one is trained on.
    clips: (2 * config.loader.prefetch + 1) * together * 3 * input.frames * input.height * input.width,
    cache: cacheBytes(given),
  }
  const total = Object.values(parts).reduce((sum, bytes) => sum + bytes, LIBRARIES)
  const caveat = caveatOf(config.precision)
  return { ...parts, clipsAPass, total, ...(caveat !== undefined && { caveat }) }
}

/** In lower precision the libraries below LibTorch decide what is converted and kept besides. */
function caveatOf(precision: TrainingConfig['precision']): string | undefined {
  if (precision === 'float32') return undefined
  return `counted as in float32: in ${precision === 'auto' ? 'lower precision' : precision} it takes less`
}

function cacheBytes({ config, preprocessing, frames }: ForecastInput): number {
  const cache = nativeCache(config.cache)
  if (cache.type !== 'memory') return 0
  const { resize } = preprocessing
  const [width, height] =
    'shortSide' in resize ? [resize.shortSide * (16 / 9), resize.shortSide] : [resize.width, resize.height]
  const all = frames?.reduce((sum, count) => sum + count, 0) ?? Number.POSITIVE_INFINITY
  return Math.min(cache.maxBytes, all * 3 * width * height)
}

/** Of an epoch, at most: larger batches than that are never made. */
function mostClips({ config: { sampling }, input, frames }: ForecastInput): number {
  if (!frames || sampling.balanceClasses || sampling.mode === 'dense') return Number.POSITIVE_INFINITY
  const clips = frames.map((count) =>
    sampling.mode === 'non-overlapping' ? Math.ceil(count / input.frames) : sampling.clipsPerVideo,
  )
  return clips.reduce((sum, count) => sum + count, 0)
}

/** What is there for a training whose model is made already. */
export interface AvailableMemory {
  system: SystemMemory
  /** Of the model's CUDA device; undefined on the CPU. */
  device: { free: number; total: number } | undefined
}

/**
 * What is to be said before the first step where the memory will not do: nothing, or a warning.
 *
 * @throws C3D_OUT_OF_MEMORY where the machine or the device has not got so much at all
 */
export function memoryWarning(
  forecast: MemoryForecast,
  config: TrainingConfig,
  memory: AvailableMemory,
): string | undefined {
  const { weights, clips, cache, activations, clipsAPass, total } = forecast
  // The weights are there already.
  const computing = total - weights - clips - cache
  const reading = clips + cache
  const needs = memory.device
    ? [
        { what: 'the device', need: computing, available: memory.device.free, total: memory.device.total },
        { what: 'the machine', need: reading, ...memory.system },
      ]
    : [{ what: 'the machine', need: computing + reading, ...memory.system }]
  const lacking = needs.find(({ need, available }) => need > available)
  if (!lacking) return undefined
  const perClip = activations / clipsAPass
  const message =
    `The training needs about ${gigabytes(lacking.need)} of memory more, ${gigabytes(activations)} of it for the ` +
    `activations of ${clipsAPass} clips, but ${lacking.what} has ${gigabytes(lacking.available)} left` +
    ` (${gigabytes(lacking.total)} in all). ${advice(config, (lacking.available - lacking.need + activations) / perClip)}`
  // In lower precision a GPU takes about half, and a CPU may take more.
  if (config.precision === 'float32' && lacking.need > CERTAINLY * lacking.total)
    throw new C3DError('C3D_OUT_OF_MEMORY', message)
  return message
}

/** The same steps of smaller passes, where such would fit. */
function advice({ batchSize, accumulate }: TrainingConfig, fitting: number): string {
  const together = batchSize * accumulate
  const divisors = Array.from({ length: batchSize }, (_, i) => i + 1).filter((size) => together % size === 0)
  const best = divisors.filter((size) => size <= fitting && size < batchSize).at(-1)
  if (best === undefined) return 'Make the clips or the network smaller, or the cache.'
  const passes = together / best
  return `These would fit, with the same steps: batchSize ${best} and accumulate ${passes} (--batch-size ${best} --accumulate ${passes}).`
}

/** 1.23e9 -> '1.2 GB'; '340 MB' below one. */
export function gigabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(Math.max(0, bytes) / 1e6)} MB`
}
