import type * as z from 'zod'
import { type cacheSchema, nativeCache } from './config/cache'
import { type LoaderSettings, nativeLoader } from './config/loader'
import type { ScoringProgress } from './config/scoring'
import { addon } from './native/addon'
import type {
  NativeClipScores,
  NativeItems,
  NativeModel,
  NativePrecision,
  NativeReadout,
  NativeSampling,
  NativeScoreEvent,
  NativeUnreadable,
} from './native/binding'
import { C3DError } from './native/errors'
import { runEventTask } from './native/task'

/** What the network said about one clip. */
export interface ClipScore {
  /** Place of the clip's video in the request. */
  item: number
  /** First frame. */
  start: number
  /** The frame behind the last one. */
  end: number
  /** The network's outputs in class order, one list for each crop. */
  crops: number[][]
}

export interface ScoringRequest {
  items: NativeItems
  sampling: NativeSampling
  precision: NativePrecision
  batchSize: number
  loader: LoaderSettings
  cache: z.output<typeof cacheSchema>
  signal?: AbortSignal | undefined
  onProgress?: ((progress: ScoringProgress) => void) | undefined
  /** Videos of which clips could not be read and are left out, where the loader skips them. */
  onUnreadable?: ((videos: NativeUnreadable[]) => void) | undefined
}

/** What the network gave for one crop of a clip. */
export interface ClipOutput {
  /** Place of the clip's video in the request. */
  item: number
  /** First frame. */
  start: number
  /** The frame behind the last one. */
  end: number
  values: Float32Array
}

export interface ReadoutRequest extends ScoringRequest {
  readout: NativeReadout
}

/** Runs the clips of some videos through the network, handing over each clip as it is computed. */
export async function scoreClips(
  model: { native: NativeModel },
  request: ScoringRequest,
  onClip: (clip: ClipScore) => void,
): Promise<void> {
  const crops = new CropMerger(onClip)
  await readOutClips(model, { ...request, readout: LOGITS }, (clip) => crops.add(clip))
  crops.end()
}

export const LOGITS: NativeReadout = { layer: '', pooling: 'none' }

/** The same for what any layer gives, crop by crop. Clips of a video come one behind the other. */
export async function readOutClips(
  model: { native: NativeModel },
  { signal, onProgress, onUnreadable, items, cache, ...request }: ReadoutRequest,
  onClip: (clip: ClipOutput) => void,
): Promise<void> {
  const nativeRequest = { ...nativeReadout(request), items, cache: nativeCache(cache) }
  const deliver = (event: NativeScoreEvent): void => {
    if (event.type === 'unreadable') {
      onUnreadable?.(event.videos)
      return
    }
    for (const clip of clipOutputs(event)) onClip(clip)
    onProgress?.({ done: event.done, total: event.total })
  }
  await runEventTask<void, NativeScoreEvent>(
    (onEvent) => addon().score(model.native, nativeRequest, onEvent),
    deliver,
    signal,
  )
}

/** What the addon takes of a request, however its clips are read. */
export function nativeReadout({
  sampling,
  precision,
  batchSize,
  readout,
  loader,
}: Pick<ReadoutRequest, 'sampling' | 'precision' | 'batchSize' | 'readout' | 'loader'>) {
  return { sampling, precision, batchSize, readout, loader: nativeLoader(loader) }
}

export function clipOutputs({ items, starts, ends, outputs }: NativeClipScores): ClipOutput[] {
  const size = outputs.length / items.length
  return Array.from(items, (item, i) => ({
    item,
    start: starts[i] ?? 0,
    end: ends[i] ?? 0,
    values: outputs.subarray(i * size, (i + 1) * size),
  }))
}

/** Crops of one clip come one behind the other. */
export class CropMerger {
  readonly #onClip: (clip: ClipScore) => void
  #clip: ClipScore | undefined

  constructor(onClip: (clip: ClipScore) => void) {
    this.#onClip = onClip
  }

  add({ item, start, end, values }: ClipOutput): void {
    const logits = Array.from(values)
    if (this.#clip?.item === item && this.#clip.start === start) {
      this.#clip.crops.push(logits)
      return
    }
    this.end()
    this.#clip = { item, start, end, crops: [logits] }
  }

  end(): void {
    if (this.#clip) this.#onClip(this.#clip)
    this.#clip = undefined
  }
}

/** The probabilities that a model says: of each class by itself where it is multi-label, else adding up to 1. */
export function activate(logits: ArrayLike<number>, multiLabel: boolean): number[] {
  return multiLabel ? sigmoid(logits) : softmax(logits)
}

/** Numbers above 0 that add up to 1. Throws C3D_NON_FINITE_LOSS when a logit is NaN or infinite. */
export function softmax(logits: ArrayLike<number>): number[] {
  const values = finite(logits)
  const largest = Math.max(...values)
  const exponentials = values.map((value) => Math.exp(value - largest))
  const sum = exponentials.reduce((a, b) => a + b, 0)
  return exponentials.map((value) => value / sum)
}

/** Numbers from 0 to 1, each by itself. Throws as softmax. */
export function sigmoid(logits: ArrayLike<number>): number[] {
  return finite(logits).map((value) => 1 / (1 + Math.exp(-value)))
}

function finite(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits)
  if (!values.every(Number.isFinite))
    throw new C3DError(
      'C3D_NON_FINITE_LOSS',
      `Expected finite outputs of the network, got [${values.slice(0, 5).join(', ')}, …]. Its weights have diverged: train again with a smaller learning rate.`,
    )
  return values
}

/** Places of the `count` largest values, largest first; of equal ones the earlier is first. */
export function topPlaces(values: readonly number[], count: number): number[] {
  return values
    .map((_, place) => place)
    .sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b)
    .slice(0, count)
}
