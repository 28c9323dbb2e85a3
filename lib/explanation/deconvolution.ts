import type { ClipTimes } from '../clip-times'
import { type BackwardRule, type DeconvolveOptions, deconvolveSchema } from '../config/explanation'
import { parse } from '../config/parse'
import type { Frames } from '../frames'
import type { ModelState } from '../model'
import { addon } from '../native/addon'
import type { NativeLayerSummary } from '../native/binding'
import { runTask } from '../native/task'
import { predictions } from '../prediction-queue'
import { channelsLast, clipFrames } from './clip-pixels'
import { requireLayer } from './layers'
import { readClip } from './read-clip'

/** What in a clip a filter answers to. */
export interface Deconvolution extends ClipTimes {
  video: string
  layer: string
  filter: number
  rule: BackwardRule
  /** The filter's largest one in the clip; 0: it is silent, and so is the projection. */
  activation: number
  /** Where that is in the layer's output; zeros of a linear layer. */
  place: { frame: number; row: number; column: number }
  /** What the network saw, as RGB. */
  clip: Frames
  /** The activation projected back to the network's input, float32 [frames, height, width, 3], as RGB. */
  projection: { data: Float32Array; shape: Frames['shape'] }
}

/** See C3D.deconvolve. */
export async function deconvolveVideo(
  model: ModelState,
  layers: readonly NativeLayerSummary[],
  video: string,
  options: DeconvolveOptions,
): Promise<Deconvolution> {
  const { layer, filter, rule, start, signal } = parse(deconvolveSchema, options, 'deconvolve')
  requireLayer(model.config, layers, layer)
  return predictions.run(async () => {
    const clip = await readClip(model, video, start, signal)
    const { pixels, places: cut } = clip
    const request = { pixels, shape: clip.shape, places: cut, layer, filter, rule }
    const { activations, places, projections } = await runTask(
      () => addon().deconvolve(model.native, request),
      signal,
    )
    const [frame = 0, row = 0, column = 0] = places
    const frames = clipFrames(clip, model.config)
    return {
      ...{ video, layer, filter, rule },
      ...clip.times,
      activation: activations[0] ?? 0,
      place: { frame, row, column },
      clip: frames,
      projection: { data: channelsLast(projections, model.config), shape: frames.shape },
    }
  }, signal)
}
