import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { clipSpan } from './clip-span'
import {
  type ExtractSetOptions,
  featureSampling,
  type ResolvedSetExtraction,
  resolveSetExtraction,
} from './config/features'
import { datasetState, type VideoDataset } from './dataset'
import { rangeOf, type VideoItem } from './dataset/video-item'
import { writeC3dFile } from './features/c3d-file'
import { l2Normalized, MeanVector } from './features/descriptor'
import { featureFormat, saveFeatures } from './features/feature-file'
import { type FeatureRow, FeatureSet } from './features/feature-set'
import { ProgressFile } from './features/progress-file'
import { type Readout, resolveReadout } from './features/readout'
import { looselyLabelledItems } from './labels'
import { type C3D, type ModelState, modelState } from './model'
import type { NativeItems } from './native/binding'
import { C3DError, fileError } from './native/errors'
import { choosePrecision, nativePrecision } from './precision/choose'
import { evaluations } from './prediction-queue'
import { type ClipOutput, readOutClips } from './scoring'

/** What is known of one video: its rows. */
interface Extracted {
  /** Place of the video in the data set. */
  video: number
  /** First frames of its clips; null where the row is the whole video. */
  starts: (number | null)[]
}

/**
 * Features of all videos of a data set: by default the C3D descriptors of the paper's section 3.3 (fc6, clips of 16
 * frames that overlap by 8, averaged, L2-normalised). Decodes ahead on threads of its own; layers behind the wanted one
 * are not computed. Videos need no labels.
 *
 * With `out` the features are written too, and what is done is kept on the way: called again after a crash with the
 * same model, videos and settings, it goes on.
 *
 * @example const features = await extract(model, data, { layer: 'fc6', out: 'features.npz' })
 * @throws C3D_INVALID_ARGUMENT (a layer that there is not, a file ending), C3D_EMPTY_DATASET, C3D_VIDEO_UNREADABLE,
 * C3D_FILE, C3D_ABORTED
 */
export async function extract(
  model: C3D,
  dataset: VideoDataset,
  options: ExtractSetOptions = {},
): Promise<FeatureSet> {
  const { out, ...settings } = resolveSetExtraction(options)
  if (out !== undefined) featureFormat(out) // a wrong ending shall not be told after hours of computing
  const state = modelState(model)
  const readout = resolveReadout(state.config, model.summary().layers, settings.layer, settings.pooling)
  const work = new Extraction(dataset, state, settings, readout)
  if (out === undefined) {
    await work.run()
    return work.features()
  }
  const progress = await ProgressFile.open<Extracted>(`${out}.partial`, identityOf(model, dataset, settings))
  try {
    await work.run(progress)
    const features = work.features()
    await saveFeatures(out, features)
    await progress.remove()
    return features
  } catch (error) {
    await progress.close()
    throw error
  }
}

/** What the features of a data set depend on. */
function identityOf(model: C3D, { videos }: VideoDataset, settings: ResolvedSetExtraction): unknown {
  const { layer, stride, pooling, normalize, precision, per, clipFiles } = settings
  const { architecture, preprocessing } = model.config
  const hash = createHash('sha256').update(JSON.stringify({ architecture, preprocessing, videos }))
  // All the weights would take seconds; no two trained networks share these.
  for (const { name, shape } of model.tensors())
    if (shape.length === 1) hash.update(new Uint8Array(model.readTensor(name).buffer))
  const first = model.tensors()[0]
  if (first) hash.update(new Uint8Array(model.readTensor(first.name).buffer))
  return { layer, stride, pooling, normalize, precision, per, clipFiles, digest: hash.digest('hex') }
}

/** Gathers the rows of each video while its clips come. */
class Extraction {
  readonly #dataset: VideoDataset
  readonly #model: ModelState
  readonly #settings: ResolvedSetExtraction
  readonly #readout: Readout
  readonly #done = new Map<number, { starts: (number | null)[]; values: Float32Array }>()
  /** What is done is written in the order in which it comes, while the next is computed. */
  #writing: Promise<void> = Promise.resolve()
  #current: { video: number; mean: MeanVector; starts: number[]; clips: Float32Array[] } | undefined

  constructor(dataset: VideoDataset, model: ModelState, settings: ResolvedSetExtraction, readout: Readout) {
    this.#dataset = dataset
    this.#model = model
    this.#settings = settings
    this.#readout = readout
  }

  async run(progress?: ProgressFile<Extracted>): Promise<void> {
    for (const { content, values } of progress?.records ?? [])
      this.#done.set(content.video, { starts: content.starts, values })
    const all = looselyLabelledItems(datasetState(this.#dataset), [])
    if (all.videos.length === 0)
      throw new C3DError('C3D_EMPTY_DATASET', 'There is no video to extract features of.')
    const waiting = Array.from(all.videos.keys()).filter((video) => !this.#done.has(video))
    if (waiting.length === 0) return
    const { stride, layer: _, pooling: __, normalize: ___, per: ____, clipFiles, ...scoring } = this.#settings
    const { precision, signal } = this.#settings
    const chosen = await choosePrecision(this.#model, precision, 'extract.precision', signal)
    const request = {
      ...scoring,
      precision: nativePrecision(chosen),
      items: itemsAt(all, waiting),
      sampling: featureSampling(stride, this.#model.config.preprocessing),
      readout: this.#readout.native,
    }
    try {
      const onClip = ({ item, start, values }: ClipOutput) => {
        const video = waiting[item] ?? 0
        if (this.#current?.video !== video) {
          this.#finishVideo(progress)
          this.#current = { video, mean: new MeanVector(), starts: [], clips: [] }
        }
        const finished = this.#readout.finish(values)
        this.#current.mean.add(finished)
        this.#current.starts.push(start)
        // The batch's memory is kept only where it is wanted.
        if (this.#settings.per === 'clip' || clipFiles !== undefined) this.#current.clips.push(finished)
      }
      await evaluations.run(() => readOutClips(this.#model, request, onClip), request.signal)
      this.#finishVideo(progress)
    } finally {
      await this.#writing
    }
  }

  #finishVideo(progress: ProgressFile<Extracted> | undefined): void {
    if (!this.#current) return
    const { video, mean, starts, clips } = this.#current
    this.#current = undefined
    const { per, normalize } = this.#settings
    const vectors = per === 'clip' ? clips : [mean.mean()]
    const values = joined(normalize === 'l2' ? vectors.map(l2Normalized) : vectors)
    const rows = per === 'clip' ? starts : [null]
    this.#done.set(video, { starts: rows, values })
    this.#writing = this.#writing.then(async () => {
      await this.#writeClips(video, starts, clips)
      await progress?.append({ video, starts: rows }, values)
    })
    this.#writing.catch(() => {}) // told where it is waited for
  }

  async #writeClips(video: number, starts: readonly number[], clips: readonly Float32Array[]): Promise<void> {
    const { clipFiles, layer } = this.#settings
    if (clipFiles === undefined) return
    const folder = path.join(clipFiles, ...clipFolder(this.#dataset.videos[video] as VideoItem))
    await mkdir(folder, { recursive: true }).catch((error) => {
      throw fileError(error, `make the folder '${folder}'`)
    })
    const [channels = 1, frames = 1, height = 1, width = 1] = this.#readout.shape
    for (const [i, data] of clips.entries()) {
      const name = `${String(starts[i]).padStart(6, '0')}.${layer}`
      await writeC3dFile(path.join(folder, name), { data, shape: [channels, frames, height, width] })
    }
  }

  /** In the order of the data set. */
  features(): FeatureSet {
    const { videos, classes } = this.#dataset
    const groups = this.#dataset.groups()
    const places = [...this.#done.keys()].sort((a, b) => a - b)
    if (places.length === 0)
      throw new C3DError('C3D_EMPTY_DATASET', 'No clip of any video could be read, so there are no features.')
    const rows = places.flatMap((place) => {
      const video = videos[place] as VideoItem
      const starts = this.#done.get(place)?.starts ?? []
      return starts.map((start) => this.#rowOf(video, groups[place] ?? 0, start))
    })
    const data = joined(places.map((place) => this.#done.get(place)?.values ?? new Float32Array()))
    return new FeatureSet({ data, rows, classes, layer: this.#settings.layer })
  }

  #rowOf(video: VideoItem, group: number, clipStart: number | null): FeatureRow {
    const { path, label, labels, start, end, framesPerSecond } = video
    const span = clipSpan(this.#model.config, framesPerSecond)
    const part =
      clipStart === null
        ? { ...(start !== undefined && { start }), ...(end !== undefined && { end }) }
        : { start: clipStart, end: Math.min(rangeOf(video).end, clipStart + span) }
    return { path, label, ...(labels && { labels }), group, ...part }
  }
}

function itemsAt({ set, videos, labels, starts, ends }: NativeItems, places: readonly number[]): NativeItems {
  return {
    set,
    videos: Int32Array.from(places, (place) => videos[place] ?? 0),
    labels: Int32Array.from(places, (place) => labels[place] ?? -1),
    starts: Float64Array.from(places, (place) => starts[place] ?? 0),
    ends: Float64Array.from(places, (place) => ends[place] ?? 0),
    classes: null,
  }
}

function joined(vectors: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(vectors.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const vector of vectors) {
    all.set(vector, at)
    at += vector.length
  }
  return all
}

/** Class and name of a video; a part says which. */
function clipFolder({ path: file, label, start, end }: VideoItem): string[] {
  const name = path.basename(file, path.extname(file))
  const part = start === undefined && end === undefined ? '' : `.${start ?? 0}-${end ?? ''}`
  return [label, `${name}${part}`]
}
