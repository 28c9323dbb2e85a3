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
  /** In class order, the mean over the clip's crops. */
  probabilities: number[]
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
      const logits = event.logits.subarray(i * classes, (i + 1) * classes)
      crops.add({ item, start: event.starts[i] ?? 0, probabilities: softmax(logits) })
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

/** Crops of one clip come one behind the other; their mean is the clip's answer. */
class CropMerger {
  readonly #onClip: (clip: ClipScore) => void
  #crops: ClipScore[] = []

  constructor(onClip: (clip: ClipScore) => void) {
    this.#onClip = onClip
  }

  add(crop: ClipScore): void {
    const [first] = this.#crops
    if (first && (first.item !== crop.item || first.start !== crop.start)) this.end()
    this.#crops.push(crop)
  }

  end(): void {
    const [first] = this.#crops
    if (!first) return
    const mean = (_: number, i: number) =>
      this.#crops.reduce((sum, crop) => sum + (crop.probabilities[i] ?? 0), 0) / this.#crops.length
    this.#onClip(
      this.#crops.length === 1 ? first : { ...first, probabilities: first.probabilities.map(mean) },
    )
    this.#crops = []
  }
}

/** Numbers above 0 that add up to 1. Throws C3D_NON_FINITE_LOSS when a logit is NaN or infinite. */
export function softmax(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits)
  if (!values.every(Number.isFinite))
    throw new C3DError(
      'C3D_NON_FINITE_LOSS',
      `Expected finite outputs of the network, got [${values.slice(0, 5).join(', ')}, …]. Its weights have diverged: train again with a smaller learning rate.`,
    )
  const largest = Math.max(...values)
  const exponentials = values.map((value) => Math.exp(value - largest))
  const sum = exponentials.reduce((a, b) => a + b, 0)
  return exponentials.map((value) => value / sum)
}

/** Places of the `count` largest values, largest first; of equal ones the earlier is first. */
export function topPlaces(values: readonly number[], count: number): number[] {
  return values
    .map((_, place) => place)
    .sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b)
    .slice(0, count)
}
