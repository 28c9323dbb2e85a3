import { clipSpan } from '../clip-span'
import { type ClipTimes, clipTimes } from '../clip-times'
import { resolveTopActivations, type TopActivationsOptions } from '../config/explanation'
import { featureSampling } from '../config/features'
import { datasetState, type VideoDataset } from '../dataset'
import { rangeOf, type VideoItem } from '../dataset/video-item'
import { looselyLabelledItems } from '../labels'
import { type C3D, modelState } from '../model'
import { C3DError } from '../native/errors'
import { choosePrecision, nativePrecision } from '../precision/choose'
import { evaluations } from '../prediction-queue'
import { readOutClips } from '../scoring'
import { requireLayer } from './layers'

/** A clip to which a filter answers. */
export interface ActivatingClip extends ClipTimes {
  path: string
  /** The video's class; '' where it is not known. */
  label: string
  /** The filter's largest one in the clip. */
  activation: number
}

export interface FilterActivations {
  filter: number
  /** The strongest first. */
  clips: ActivatingClip[]
}

/**
 * The clips of a data set to which the filters of a layer answer most strongly, at most one of each video: those of
 * Zeiler and Fergus's pictures (ECCV 2014, Fig. 2), which `model.deconvolve` and `saveDeconvolutions` make. One pass
 * over the clips, for all filters of the layer at once.
 *
 * @returns an entry for each filter, in order
 * @example const filters = await topActivations(model, data, { layer: 'conv3a', count: 4 })
 * @throws C3D_INVALID_ARGUMENT (a layer that there is not), C3D_EMPTY_DATASET, C3D_VIDEO_UNREADABLE, C3D_ABORTED
 */
export async function topActivations(
  model: C3D,
  dataset: VideoDataset,
  options: TopActivationsOptions,
): Promise<FilterActivations[]> {
  const { layer, count, stride, precision, ...scoring } = resolveTopActivations(options)
  const state = modelState(model)
  const filters = requireLayer(state.config, model.summary().layers, layer).output[0] ?? 0
  const items = looselyLabelledItems(datasetState(dataset), [])
  if (items.videos.length === 0)
    throw new C3DError('C3D_EMPTY_DATASET', 'There is no video to look for clips in.')
  const strongest = new Strongest(items.videos.length, filters)
  const request = {
    ...scoring,
    precision: nativePrecision(
      await choosePrecision(state, precision, 'topActivations.precision', scoring.signal),
    ),
    items,
    sampling: featureSampling(stride, state.config.preprocessing),
    readout: { layer, pooling: 'max' as const },
  }
  await evaluations.run(
    () => readOutClips(state, request, ({ item, start, values }) => strongest.add(item, start, values)),
    scoring.signal,
  )
  return Array.from({ length: filters }, (_, filter) => ({
    filter,
    clips: strongest.of(filter, count).map(({ item, start, activation }) => {
      const video = dataset.videos[item] as VideoItem
      const end = Math.min(rangeOf(video).end, start + clipSpan(state.config, video.framesPerSecond))
      return {
        path: video.path,
        label: video.label,
        ...clipTimes(start, end, video.framesPerSecond),
        activation,
      }
    }),
  }))
}

/** Of each video, the clip to which each filter answers most strongly. */
class Strongest {
  readonly #filters: number
  readonly #activations: Float32Array
  readonly #starts: Int32Array

  constructor(videos: number, filters: number) {
    this.#filters = filters
    this.#activations = new Float32Array(videos * filters).fill(Number.NEGATIVE_INFINITY)
    this.#starts = new Int32Array(videos * filters)
  }

  add(video: number, start: number, activations: Float32Array): void {
    activations.forEach((activation, filter) => {
      const place = video * this.#filters + filter
      if (activation <= (this.#activations[place] ?? 0)) return
      this.#activations[place] = activation
      this.#starts[place] = start
    })
  }

  /** The strongest first; of equal ones the earlier video's. Videos of which no clip could be read are left out. */
  of(filter: number, count: number): { item: number; start: number; activation: number }[] {
    const videos = this.#activations.length / this.#filters
    return Array.from({ length: videos }, (_, item) => {
      const place = item * this.#filters + filter
      return { item, start: this.#starts[place] ?? 0, activation: this.#activations[place] ?? 0 }
    })
      .filter(({ activation }) => activation > Number.NEGATIVE_INFINITY)
      .sort((a, b) => b.activation - a.activation || a.item - b.item)
      .slice(0, count)
  }
}
