import path from 'node:path'
import { type GroupBy, type OpenOptions, openSchema, type SplitOptions, splitSchema } from './config/dataset'
import { parse } from './config/parse'
import { type Scan, scanFolder } from './dataset/scan'
import { chooseValidation } from './dataset/split'
import type { VideoItem } from './dataset/video-item'
import { addon } from './native/addon'
import type { NativeIndexEvent, NativeVideoSet } from './native/binding'
import { C3DError } from './native/errors'
import { runEventTask } from './native/task'

/** A file or folder that was left out, and why. */
export interface DatasetProblem {
  path: string
  reason: string
}

/** The native side of a data set, shared by all subsets that came from one opening. */
interface SharedVideos {
  readonly native: NativeVideoSet
  closed: boolean
}

interface Member {
  /** Place in the native video set. */
  place: number
  video: VideoItem
}

/** What the rest of the package works with: the native videos, and which of them a data set has. */
export interface DatasetState {
  native: NativeVideoSet
  items: { video: number; label: string }[]
}

let openState: (dataset: VideoDataset) => DatasetState

/** Throws C3D_CLOSED after close(). */
export function datasetState(dataset: VideoDataset): DatasetState {
  return openState(dataset)
}

/**
 * Labelled videos: `<folder>/<class>/<video>`, where a video is a file or a folder of images. Their frames are counted
 * once, when the data set is opened; the videos themselves stay where they are.
 *
 * `split` and `subset` give data sets that share those counts: `close()` on any of them frees them for all.
 */
export class VideoDataset implements Disposable {
  /** The folder that was opened. */
  readonly folder: string
  /** Names of the classes, sorted; the same for every subset, even where it has no video of a class. */
  readonly classes: readonly string[]
  readonly videos: readonly VideoItem[]
  /** What could not be read and is left out. */
  readonly problems: readonly DatasetProblem[]
  readonly #shared: SharedVideos
  readonly #members: readonly Member[]

  static {
    openState = (dataset) => dataset.#open()
  }

  private constructor(
    folder: string,
    classes: readonly string[],
    problems: readonly DatasetProblem[],
    shared: SharedVideos,
    members: readonly Member[],
  ) {
    this.folder = folder
    this.classes = classes
    this.problems = problems
    this.videos = members.map((member) => member.video)
    this.#shared = shared
    this.#members = members
  }

  /**
   * Opens a folder of class folders. Decodes every video once to count its frames, on threads of its own; one that
   * cannot be read is left out and told in `problems`.
   *
   * @throws C3D_FILE_NOT_FOUND, C3D_EMPTY_DATASET (no class, or nothing that can be read), C3D_FFMPEG_MISSING,
   * C3D_ABORTED
   */
  static async open(folder: string, options: OpenOptions = {}): Promise<VideoDataset> {
    const { threads, signal, onProgress } = parse(openSchema, options, 'open')
    const scan = await scanFolder(folder)
    const found = scan.classes.flatMap(({ name, videos }) =>
      videos.map((video) => ({ path: video, label: name })),
    )
    const paths = found.map((video) => video.path)
    const native = await runEventTask<NativeVideoSet, NativeIndexEvent>(
      (onEvent) => addon().indexVideos(paths, threads, onEvent),
      ({ done, total, latest }) => onProgress?.({ done, total, path: latest.path }),
      signal,
    )
    const members: Member[] = []
    const problems: DatasetProblem[] = [...scan.problems]
    native.videos.forEach(({ problem, ...info }, place) => {
      if (problem) problems.push({ path: info.path, reason: problem })
      else members.push({ place, video: { ...info, label: found[place]?.label ?? '' } })
    })
    const classes = readableClasses(folder, scan, members, problems)
    if (classes.length === 0) {
      native.close()
      throw nothingReadable(folder, paths.length, problems)
    }
    return new VideoDataset(folder, classes, problems, { native, closed: false }, members)
  }

  /**
   * Parts the videos in two, class by class, so that both have about the same mixture. Videos of one group stay
   * together: two cuts of one scene on both sides would make the validation look better than it is.
   *
   * @example const { training, validation } = data.split({ validation: 0.2, seed: 1 })
   * @throws C3D_EMPTY_DATASET when there are too few videos or groups to part
   */
  split(options: SplitOptions = {}): { training: VideoDataset; validation: VideoDataset } {
    const { validation, groupBy, seed } = parse(splitSchema, options, 'split')
    const items = this.#members.map(({ video }) => ({
      label: this.classes.indexOf(video.label),
      group: groupOf(video, groupBy),
    }))
    const chosen = chooseValidation(items, validation, seed)
    if (!chosen.includes(true))
      throw new C3DError(
        'C3D_EMPTY_DATASET',
        `Cannot part the ${this.videos.length} videos of '${this.folder}': no class has two videos of different groups. Add videos, or train without validation.`,
      )
    return {
      training: this.#with(this.#members.filter((_, i) => !chosen[i])),
      validation: this.#with(this.#members.filter((_, i) => chosen[i])),
    }
  }

  /** The videos for which `filter` returns true. The classes stay the same. */
  subset(filter: (video: VideoItem, index: number) => boolean): VideoDataset {
    return this.#with(this.#members.filter(({ video }, i) => filter(video, i)))
  }

  /** Frees the frame counts, for all subsets too. A training that runs keeps what it needs. */
  close(): void {
    if (this.#shared.closed) return
    this.#shared.closed = true
    this.#shared.native.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #with(members: readonly Member[]): VideoDataset {
    return new VideoDataset(this.folder, this.classes, this.problems, this.#shared, members)
  }

  #open(): DatasetState {
    if (this.#shared.closed)
      throw new C3DError('C3D_CLOSED', `The data set '${this.folder}' was closed. Open it again to use it.`)
    const items = this.#members.map(({ place, video }) => ({ video: place, label: video.label }))
    return { native: this.#shared.native, items }
  }
}

/** A class none of whose videos can be read is no class, but is not dropped silently either. */
function readableClasses(
  folder: string,
  scan: Scan,
  members: Member[],
  problems: DatasetProblem[],
): string[] {
  const readable = new Set(members.map((member) => member.video.label))
  for (const { name, videos } of scan.classes)
    if (!readable.has(name))
      problems.push({
        path: path.join(folder, name),
        reason: `none of its ${videos.length} videos can be read, so the class is left out`,
      })
  return scan.classes.map((scanned) => scanned.name).filter((name) => readable.has(name))
}

function nothingReadable(folder: string, count: number, problems: DatasetProblem[]): C3DError {
  const first = problems[0]
  return new C3DError(
    'C3D_EMPTY_DATASET',
    `None of the ${count} videos in '${folder}' can be read. The first: ${first?.path}: ${first?.reason}`,
  )
}

/** UCF101 cuts several clips (c01, c02, …) from one recording (g01): v_Archery_g01_c01.avi. */
const UCF101_GROUP = /_(g\d+)_c\d+/i

function groupOf(video: VideoItem, groupBy: GroupBy): string {
  if (typeof groupBy === 'function') return groupBy(video)
  const group = groupBy === 'auto' ? UCF101_GROUP.exec(path.basename(video.path))?.[1] : undefined
  return group === undefined ? video.path : path.join(video.label, group)
}
