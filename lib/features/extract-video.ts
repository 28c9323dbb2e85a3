import type { ClipTimes } from '../clip-times'
import { type ExtractOptions, resolveExtraction } from '../config/features'
import type { ModelState } from '../model'
import type { NativeLayerSummary } from '../native/binding'
import { l2Normalized, MeanVector } from './descriptor'
import { readWindows } from './read-windows'
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
  const { layer, pooling, normalize, ...windows } = resolveExtraction(options)
  const readout = resolveReadout(model.config, layers, layer, pooling)
  const normalized = (values: Float32Array) => (normalize === 'l2' ? l2Normalized(values) : values)
  const mean = new MeanVector()
  const clips: ClipFeatures[] = []
  for await (const { values, ...times } of readWindows(model, video, readout, windows)) {
    mean.add(values)
    clips.push({ ...times, values: normalized(values) })
  }
  return { video, layer, shape: readout.shape, descriptor: normalized(mean.mean()), clips }
}

/** See C3D.extractClips. */
export async function* extractClips(
  model: ModelState,
  layers: readonly NativeLayerSummary[],
  video: string,
  options: ExtractOptions,
): AsyncGenerator<ClipFeatures, void, undefined> {
  const { layer, pooling, normalize, ...windows } = resolveExtraction(options)
  const readout = resolveReadout(model.config, layers, layer, pooling)
  for await (const { values, ...times } of readWindows(model, video, readout, windows))
    yield { ...times, values: normalize === 'l2' ? l2Normalized(values) : values }
}
