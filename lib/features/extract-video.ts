import { type ClipTimes, clipSpan, clipTimes } from '../clip-times'
import { type ExtractOptions, featureSampling, resolveExtraction } from '../config/features'
import { unlabelledItems } from '../labels'
import type { ModelState } from '../model'
import type { NativeLayerSummary, NativeVideoInfo } from '../native/binding'
import { openVideo } from '../open-video'
import { readOutClips } from '../scoring'
import { l2Normalized, MeanVector } from './descriptor'
import { resolveReadout } from './readout'

export interface ClipFeatures extends ClipTimes {
  /** L2-normalised, unless `normalize` is 'none'. */
  values: Float32Array
}

export interface VideoFeatures {
  video: string
  layer: string
  /** Of each vector: [C, T, H, W] of a convolution or pool that is not pooled, [values] of everything else. */
  shape: number[]
  /** The mean of the clips' activations, L2-normalised unless `normalize` is 'none'. */
  descriptor: Float32Array
  /** In the order of time. */
  clips: ClipFeatures[]
}

/** See C3D.extract. */
export async function extractVideo(
  model: ModelState,
  layers: readonly NativeLayerSummary[],
  video: string,
  options: ExtractOptions,
): Promise<VideoFeatures> {
  const { layer, stride, pooling, normalize, ...scoring } = resolveExtraction(options)
  const { config } = model
  const readout = resolveReadout(config, layers, layer, pooling)
  const normalized = (values: Float32Array) => (normalize === 'l2' ? l2Normalized(values) : values)
  const videos = await openVideo(video, scoring.signal)
  try {
    const { frames, framesPerSecond } = videos.videos[0] as NativeVideoInfo
    const span = clipSpan(config, framesPerSecond)
    const mean = new MeanVector()
    const clips: ClipFeatures[] = []
    const request = {
      ...scoring,
      items: unlabelledItems(videos),
      sampling: featureSampling(stride, config.preprocessing),
      readout: readout.native,
    }
    await readOutClips(model, request, ({ start, values: raw }) => {
      const values = readout.finish(raw)
      mean.add(values)
      clips.push({
        ...clipTimes(start, Math.min(frames, start + span), framesPerSecond),
        values: normalized(values),
      })
    })
    return { video, layer, shape: readout.shape, descriptor: normalized(mean.mean()), clips }
  } finally {
    videos.close()
  }
}
