import type { ClipTimes } from '../clip-times'
import { type GradCamOptions, gradCamSchema } from '../config/explanation'
import { parse } from '../config/parse'
import type { Frames } from '../frames'
import type { ModelState } from '../model'
import { addon } from '../native/addon'
import type { NativeLayerSummary } from '../native/binding'
import { C3DError } from '../native/errors'
import { runTask } from '../native/task'
import { predictions } from '../prediction-queue'
import { activate } from '../scoring'
import { clipFrames } from './clip-pixels'
import { requireLayer } from './layers'
import { readClip } from './read-clip'

/** Numbers at places in time and space. */
export interface Volume {
  data: Float32Array
  /** [frames, height, width] */
  shape: [number, number, number]
}

/** Where in a clip a network finds a class. */
export interface GradCam extends ClipTimes {
  video: string
  layer: string
  label: string
  /** Of the class in this clip. */
  probability: number
  /** What the network saw, as RGB. */
  clip: Frames
  /** The map as the layer has it: not negative, in units of the logit's gradient times an activation. */
  map: Volume
  /** The same for each pixel of the clip, by trilinear interpolation. */
  heat: Volume
}

/** See C3D.gradCam. */
export async function gradCamOf(
  model: ModelState,
  layers: readonly NativeLayerSummary[],
  video: string,
  options: GradCamOptions,
): Promise<GradCam> {
  const {
    class: label,
    layer = lastConvolution(layers),
    start,
    signal,
  } = parse(gradCamSchema, options, 'gradCam')
  const shape = requireLayer(model.config, layers, layer).output
  const { classes, multiLabel } = model.config
  const wanted = label === undefined ? -1 : classes.indexOf(label)
  if (label !== undefined && wanted < 0)
    throw new C3DError(
      'C3D_INVALID_ARGUMENT',
      `Expected one of the model's classes (${classes.join(', ')}), got '${label}'.`,
    )
  return predictions.run(async () => {
    const clip = await readClip(model, video, start, signal)
    const { pixels, places } = clip
    const request = { pixels, shape: clip.shape, places, layer, label: wanted }
    const { logits, labels, maps, heat } = await runTask(() => addon().gradCam(model.native, request), signal)
    const found = labels[0] ?? 0
    const frames = clipFrames(clip, model.config)
    return {
      video,
      layer,
      ...clip.times,
      label: classes[found] ?? '',
      probability: activate(logits, multiLabel)[found] ?? 0,
      clip: frames,
      map: { data: maps, shape: shape.slice(1) as Volume['shape'] },
      heat: { data: heat, shape: frames.shape.slice(0, 3) as Volume['shape'] },
    }
  }, signal)
}

function lastConvolution(layers: readonly NativeLayerSummary[]): string {
  const last = layers.findLast(({ type }) => type === 'conv')
  if (last) return last.name
  throw new C3DError('C3D_INVALID_ARGUMENT', 'The network has no convolution to look at.')
}
