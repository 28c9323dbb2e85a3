import { type ClipMeanOptions, resolveClipMean } from './config/clip-mean'
import { nativeLoader } from './config/loader'
import { nativePreprocessing } from './config/preprocessing'
import { nativeSampling, plainSampling } from './config/sampling'
import { datasetState, type VideoDataset } from './dataset'
import { looselyLabelledItems } from './labels'
import { addon } from './native/addon'
import type { NativeUnreadable } from './native/binding'
import { C3DError } from './native/errors'
import { runEventTask, runTask } from './native/task'

export interface ClipMean {
  /** Of all pixels, 0 to 255, in channel order. */
  channels: [number, number, number]
  /** Of every place: float32 [3, frames, height, width], what `preprocessing.mean` takes as a .npy file. */
  cube: { data: Float32Array; shape: [number, number, number, number] }
  clips: number
  /** Videos of which clips could not be read, with `loader: { unreadable: 'skip' }`. */
  unreadable: NativeUnreadable[]
}

/**
 * The mean of the clips of a data set that do not overlap, whole frames: what a network's input is lowered by. Take it
 * of the training part alone.
 *
 * @throws C3D_EMPTY_DATASET, C3D_VIDEO_UNREADABLE, C3D_ABORTED
 */
export async function clipMean(dataset: VideoDataset, options: ClipMeanOptions = {}): Promise<ClipMean> {
  const { frames, resize, channelOrder, temporalStride, framesPerSecond, loader, signal, onProgress } =
    resolveClipMean(options)
  const items = looselyLabelledItems(datasetState(dataset), [])
  if (items.videos.length === 0)
    throw new C3DError('C3D_EMPTY_DATASET', 'There is no video to take the mean of.')
  const preprocessing = {
    resize,
    channelOrder,
    mean: [0, 0, 0] as [number, number, number],
    scale: 1,
    temporalStride,
    framesPerSecond,
  }
  const request = {
    items,
    clip: { frames, ...resize },
    preprocessing: nativePreprocessing(preprocessing),
    sampling: nativeSampling(plainSampling, preprocessing, { shuffle: false, shuffleBlock: 0 }),
    seed: 0,
    epoch: 0,
    batchSize: CLIPS_AT_ONCE,
    loader: nativeLoader(loader),
    cache: null,
  }
  const native = await runTask(() => addon().createClipLoader(request), signal)
  try {
    const { cube, ...mean } = await runEventTask(
      (onEvent: (event: { done: number; total: number }) => void) => native.mean(onEvent),
      (event) => onProgress?.(event),
      signal,
    )
    return { ...mean, cube: { data: cube, shape: [3, frames, resize.height, resize.width] } }
  } finally {
    native.close()
  }
}

/** Enough for the threads to work side by side; neither speed nor result depends on it much. */
const CLIPS_AT_ONCE = 8
