import type { z } from 'zod'
import { type cacheSchema, nativeCache } from './config/cache'
import { type LoaderSettings, nativeLoader } from './config/loader'
import type { ModelConfig } from './config/model'
import type { ScoringProgress } from './config/scoring'
import { addon } from './native/addon'
import type {
  NativeItems,
  NativeModel,
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
  /** The network's outputs in class order, one list for each crop. */
  crops: number[][]
}

export interface ScoringRequest {
  items: NativeItems
  sampling: NativeSampling
  batchSize: number
  loader: LoaderSettings
  cache: z.output<typeof cacheSchema>
  signal?: AbortSignal | undefined
  onProgress?: ((progress: ScoringProgress) => void) | undefined
  /** Videos of which clips could not be read and are left out, where the loader skips them. */
  onUnreadable?: ((videos: NativeUnreadable[]) => void) | undefined
}

/** Runs the clips of some videos through the network, handing over each clip as it is computed. */
export async function scoreClips(
  model: { native: NativeModel; config: ModelConfig },
  request: ScoringRequest,
  onClip: (clip: ClipScore) => void,
): Promise<void> {
  const { signal, onProgress, onUnreadable, items, sampling, batchSize, loader, cache } = request
  const classes = model.config.classes.length
  const nativeRequest = {
    items,
    sampling,
    batchSize,
    loader: nativeLoader(loader),
    cache: nativeCache(cache),
  }
  const crops = new CropMerger(onClip)
  const deliver = (event: NativeScoreEvent): void => {
    if (event.type === 'unreadable') {
      onUnreadable?.(event.videos)
      return
    }
    event.items.forEach((item, i) => {
      const logits = Array.from(event.logits.subarray(i * classes, (i + 1) * classes))
      crops.add(item, event.starts[i] ?? 0, logits)
    })
    onProgress?.({ done: event.done, total: event.total })
  }
  await runEventTask<void, NativeScoreEvent>(
    (onEvent) => addon().score(model.native, nativeRequest, onEvent),
    deliver,
    signal,
  )
  crops.end()
}

/** Crops of one clip come one behind the other. */
class CropMerger {
  readonly #onClip: (clip: ClipScore) => void
  #clip: ClipScore | undefined

  constructor(onClip: (clip: ClipScore) => void) {
    this.#onClip = onClip
  }

  add(item: number, start: number, logits: number[]): void {
    if (this.#clip?.item === item && this.#clip.start === start) {
      this.#clip.crops.push(logits)
      return
    }
    this.end()
    this.#clip = { item, start, crops: [logits] }
  }

  end(): void {
    if (this.#clip) this.#onClip(this.#clip)
    this.#clip = undefined
  }
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
