import { type ExtractOptions, featureSampling, resolveExtraction } from './config/features'
import { datasetState, type VideoDataset } from './dataset'
import { lengthOf } from './dataset/video-item'
import { resolveReadout } from './features/readout'
import { looselyLabelledItems } from './labels'
import { type C3D, modelState } from './model'
import type { NativeItems } from './native/binding'
import { C3DError } from './native/errors'
import { choosePrecision, nativePrecision } from './precision/choose'
import { readOutClips } from './scoring'

/** How fast features are extracted: Table 6 of the paper, which counts the frames of the videos. */
export interface ExtractionSpeed {
  videos: number
  clips: number
  /** Of the videos; each is in about two clips. */
  frames: number
  /** Decoding and everything else. */
  withDecoding: Pace
  /** The same clips once more, from decoded frames in memory. */
  fromMemory: Pace
}

export interface Pace {
  seconds: number
  /** Frames of the videos a second. */
  framesPerSecond: number
  clipsPerSecond: number
}

/**
 * Measures an extraction. The decoded frames must fit into memory: 66 kB for one of 171x128.
 *
 * @throws as `extract`
 */
export async function extractionSpeed(
  model: C3D,
  dataset: VideoDataset,
  options: ExtractOptions = {},
): Promise<ExtractionSpeed> {
  const settings = resolveExtraction(options)
  const { layer, stride, pooling, normalize: _, onProgress, ...scoring } = settings
  const state = modelState(model)
  const items = looselyLabelledItems(datasetState(dataset), [])
  if (items.videos.length === 0)
    throw new C3DError('C3D_EMPTY_DATASET', 'There is no video to extract features of.')
  const chosen = await choosePrecision(state, settings.precision, 'extract.precision', settings.signal)
  let half: { seconds: number; done: number } | undefined
  let clips = 0
  const begin = performance.now()
  const seconds = () => (performance.now() - begin) / 1000
  const request = {
    ...scoring,
    precision: nativePrecision(chosen),
    cache: 'memory' as const,
    items: twice(items),
    sampling: featureSampling(stride, state.config.preprocessing),
    readout: resolveReadout(state.config, model.summary().layers, layer, pooling).native,
    onProgress: ({ done, total }: { done: number; total: number }) => {
      clips = total / 2
      if (!half && done >= clips) half = { seconds: seconds(), done }
      onProgress?.({ done, total })
    },
  }
  await readOutClips(state, request, () => {})
  const frames = dataset.videos.reduce((sum, video) => sum + lengthOf(video), 0)
  const pace = (time: number, done: number): Pace => ({
    seconds: time,
    framesPerSecond: (frames * done) / clips / time,
    clipsPerSecond: done / time,
  })
  const { seconds: first, done } = half as { seconds: number; done: number }
  return {
    videos: dataset.videos.length,
    clips,
    frames,
    withDecoding: pace(first, done),
    fromMemory: pace(seconds() - first, 2 * clips - done),
  }
}

function twice({ set, videos, labels, starts, ends }: NativeItems): NativeItems {
  return {
    set,
    videos: Int32Array.of(...videos, ...videos),
    labels: Int32Array.of(...labels, ...labels),
    starts: Float64Array.of(...starts, ...starts),
    ends: Float64Array.of(...ends, ...ends),
    classes: null,
  }
}
