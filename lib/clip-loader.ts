import { nativeCache } from './config/cache'
import { type ClipLoaderOptions, type ResolvedClipLoader, resolveClipLoader } from './config/clip-loader'
import { nativeLoader } from './config/loader'
import { invalid } from './config/parse'
import { nativePreprocessing } from './config/preprocessing'
import { nativeSampling, shuffled } from './config/sampling'
import { datasetState, type VideoDataset } from './dataset'
import type { VideoItem } from './dataset/video-item'
import { looselyLabelledItems, nativeItems } from './labels'
import { addon } from './native/addon'
import type { NativeClipCacheHandle, NativeClipLoader, NativeUnreadable } from './native/binding'
import { C3DError } from './native/errors'
import { runTask } from './native/task'

type Values<Dtype> = Dtype extends 'float32' ? Float32Array : Uint8Array

export interface ClipBatch<Dtype extends 'uint8' | 'float32' = 'uint8'> {
  clips: {
    /** uint8 [n, frames, height, width, 3], or float32 [n, 3, frames, height, width], the input of `model.forward`. */
    data: Values<Dtype>
    shape: number[]
  }
  /**
   * Class numbers in the order of the data set's classes, or of the model's where the loader has one; -1 for a video of
   * no class or of several.
   */
  labels: Int32Array
  /** The video of each clip. */
  items: VideoItem[]
  /** First frame of each clip in its video. */
  starts: number[]
  /** Where each was cut from the resized frames: left, top, and 1 where it is mirrored. [n, 3] */
  places: Int32Array
  /** Clips of the pass that are done with this batch, and all of them. */
  done: number
  total: number
  /** Videos of which clips could not be read and are left out, with `loader: { unreadable: 'skip' }`. */
  unreadable: NativeUnreadable[]
}

/**
 * The clips of a data set, batch by batch, decoded ahead on threads of their own; usable without any network.
 *
 * Every `for await` is one pass (an epoch): the first draws as epoch 1, the next as epoch 2, and so on, so that random
 * choices differ from pass to pass and are the same for the same seed, whatever the number of threads. Nothing is
 * decoded before it is asked for but a few batches ahead; leaving the loop stops the decoding.
 *
 * @example
 * using loader = new ClipLoader(training, { batchSize: 30, shuffle: true })
 * for await (const { clips, labels, items } of loader) …
 */
export class ClipLoader<Dtype extends 'uint8' | 'float32' = 'uint8'>
  implements AsyncIterable<ClipBatch<Dtype>>, Disposable
{
  readonly #dataset: VideoDataset
  readonly #options: ResolvedClipLoader
  readonly #passes = new Set<NativeClipLoader>()
  /** Opened by the first pass and kept for the later ones. */
  #cache: Promise<NativeClipCacheHandle | null> | undefined
  #epoch = 0
  #closed = false

  /** @throws C3D_INVALID_CONFIG */
  constructor(
    dataset: VideoDataset,
    options: Omit<ClipLoaderOptions, 'dtype'> & { dtype?: Dtype | undefined } = {},
  ) {
    this.#dataset = dataset
    this.#options = resolveClipLoader(options)
    const { preprocessing, dtype } = this.#options
    if (preprocessing.mean === 'cube' && dtype === 'float32')
      throw invalid(
        'clipLoader.dtype',
        "a mean cube is taken off by the model that holds it, so expected 'uint8', got 'float32'",
      )
  }

  [Symbol.asyncIterator](): AsyncGenerator<ClipBatch<Dtype>, void, undefined> {
    return this.pass(this.#epoch + 1)
  }

  /**
   * One pass, drawn as the given epoch, which the next `for await` goes on from.
   *
   * @throws C3D_CLOSED, C3D_EMPTY_DATASET, C3D_INVALID_ARGUMENT (a class that the model does not know),
   * C3D_VIDEO_UNREADABLE, C3D_ABORTED
   */
  async *pass(
    epoch: number,
    options: { signal?: AbortSignal } = {},
  ): AsyncGenerator<ClipBatch<Dtype>, void, undefined> {
    if (this.#closed) throw new C3DError('C3D_CLOSED', 'The clip loader was closed. Make a new one.')
    this.#epoch = epoch
    const native = await this.#open(epoch, options.signal)
    if (this.#closed) {
      native.close()
      throw new C3DError('C3D_ABORTED', 'The clip loader was closed while a pass began.')
    }
    this.#passes.add(native)
    try {
      yield* this.#batches(native, options.signal)
    } finally {
      this.#passes.delete(native)
      native.close()
    }
  }

  /** Stops all passes; a loop that waits for a batch ends with C3D_ABORTED. */
  close(): void {
    this.#closed = true
    for (const native of this.#passes) native.close()
    this.#passes.clear()
    this.#cache?.then(
      (cache) => cache?.close(),
      () => {}, // told to the pass that opened it
    )
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async #open(epoch: number, signal: AbortSignal | undefined): Promise<NativeClipLoader> {
    const { model, clip, preprocessing, sampling, shuffle, seed, batchSize, loader } = this.#options
    const data = datasetState(this.#dataset)
    const items = model ? nativeItems(data, model) : looselyLabelledItems(data, this.#dataset.classes)
    if (items.videos.length === 0)
      throw new C3DError('C3D_EMPTY_DATASET', 'There is no video to take clips from.')
    const order = shuffle
      ? shuffled(sampling, batchSize * loader.prefetch)
      : { shuffle: false, shuffleBlock: 0 }
    const request = {
      items,
      clip,
      preprocessing: nativePreprocessing(preprocessing),
      sampling: nativeSampling(sampling, preprocessing, order),
      seed,
      epoch,
      batchSize,
      loader: nativeLoader(loader),
      cache: await this.#openCache(),
    }
    return runTask(() => addon().createClipLoader(request), signal)
  }

  #openCache(): Promise<NativeClipCacheHandle | null> {
    this.#cache ??= runTask(() => addon().openClipCache(nativeCache(this.#options.cache)))
    return this.#cache
  }

  async *#batches(
    native: NativeClipLoader,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<ClipBatch<Dtype>, void, undefined> {
    const total = native.clips
    const memory = this.#options.reuse ? this.#allocate(Math.min(this.#options.batchSize, total)) : undefined
    for (let done = 0; done < total; ) {
      const size = Math.min(this.#options.batchSize, total - done)
      const data = memory ? this.#part(memory, size) : this.#allocate(size)
      const batch = await runTask(() => native.next(data), signal)
      if (!batch) return
      done += size
      const count = batch.labels.length
      yield {
        clips: {
          data: this.#part(data, count),
          shape: this.#shape(count),
        },
        labels: batch.labels,
        items: Array.from(batch.items, (item) => this.#dataset.videos[item] as VideoItem),
        starts: Array.from(batch.starts),
        places: batch.places,
        done,
        total,
        unreadable: batch.unreadable,
      }
    }
  }

  /** The first clips of a batch's memory; all of it where it holds no more. */
  #part(data: Values<Dtype>, clips: number): Values<Dtype> {
    const length = clips * this.#valuesOfClip()
    return length === data.length ? data : (data.subarray(0, length) as Values<Dtype>)
  }

  #allocate(clips: number): Values<Dtype> {
    const length = clips * this.#valuesOfClip()
    const values = this.#options.dtype === 'uint8' ? new Uint8Array(length) : new Float32Array(length)
    return values as Values<Dtype>
  }

  #valuesOfClip(): number {
    const { frames, height, width } = this.#options.clip
    return 3 * frames * height * width
  }

  #shape(clips: number): number[] {
    const { frames, height, width } = this.#options.clip
    return this.#options.dtype === 'uint8'
      ? [clips, frames, height, width, 3]
      : [clips, 3, frames, height, width]
  }
}
