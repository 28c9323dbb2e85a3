import {
  type FoldOptions,
  foldsSchema,
  type GroupBy,
  type OpenOptions,
  openSchema,
  type ReportOptions,
  reportSchema,
  type SplitListsOptions,
  type SplitOptions,
  splitListsSchema,
  splitSchema,
} from './config/dataset'
import { parse } from './config/parse'
import { countClasses, inverseFrequencies } from './dataset/class-weights'
import { dealFolds } from './dataset/folds'
import { splitGroups } from './dataset/groups'
import type { DatasetProblem, ListedVideo, Listing } from './dataset/listing'
import { type Member, type OpenedListing, openListing } from './dataset/members'
import { findOverlaps, type Overlap, requireApart } from './dataset/overlap'
import { readSource } from './dataset/read-source'
import { type DatasetReport, makeReport } from './dataset/report'
import { chooseValidation, type SplitItem } from './dataset/split'
import { readHmdb51Lists, readUcf101Lists, type SplitListing } from './dataset/split-lists'
import { labelsOf, type VideoItem } from './dataset/video-item'
import type { NativeVideoSet } from './native/binding'
import { C3DError } from './native/errors'

/** The native side of a data set, shared by all subsets that came from one opening. */
interface SharedVideos {
  readonly native: NativeVideoSet
  closed: boolean
}

/** What a data set and all its subsets have in common. */
interface Origin {
  source: string
  folder: string
  classes: readonly string[]
  problems: readonly DatasetProblem[]
  warnings: readonly DatasetProblem[]
  shared: SharedVideos
}

/** What the rest of the package works with: the native videos, and which parts of them a data set has. */
export interface DatasetState {
  native: NativeVideoSet
  items: DatasetItem[]
}

export interface DatasetItem {
  /** Place in the native video set. */
  video: number
  label: string
  /** All of them, where there are several. */
  labels?: readonly string[]
  /** In frames; `end` is behind the last one, 0: the end of the video. */
  start: number
  end: number
}

let openState: (dataset: VideoDataset) => DatasetState

/** Throws C3D_CLOSED after close(). */
export function datasetState(dataset: VideoDataset): DatasetState {
  return openState(dataset)
}

/**
 * Labelled videos, where a video is a file, a folder of images, or a part of one. Their frames are counted once, when
 * the data set is opened; the videos themselves stay where they are.
 *
 * `split`, `folds` and `subset` give data sets that share those counts: `close()` on any of them frees them for all.
 */
export class VideoDataset implements Disposable {
  /** What was opened: a folder, a manifest or a list file. */
  readonly source: string
  /** The folder that was opened, or that the paths of a manifest or list count from. */
  readonly folder: string
  /** Names of the classes; the same for every subset, even where it has no video of a class. */
  readonly classes: readonly string[]
  readonly videos: readonly VideoItem[]
  /** What could not be read and is left out. */
  readonly problems: readonly DatasetProblem[]
  /** What is used, but looks wrong, like gaps in the numbering of a frame folder. */
  readonly warnings: readonly DatasetProblem[]
  readonly #origin: Origin
  readonly #members: readonly Member[]

  static {
    openState = (dataset) => dataset.#open()
  }

  private constructor(origin: Origin, members: readonly Member[]) {
    this.source = origin.source
    this.folder = origin.folder
    this.classes = origin.classes
    this.problems = origin.problems
    this.warnings = origin.warnings
    this.videos = members.map((member) => member.video)
    this.#origin = origin
    this.#members = members
  }

  /**
   * Opens a folder of `<class>/<video>`, a manifest (.csv, .jsonl) or a list file of C3D's Caffe code (.txt, .lst:
   * `path start_frame label`). Decodes every file once to count its frames, on threads of its own; one that cannot be
   * read is left out and told in `problems`.
   *
   * @example const data = await VideoDataset.open('videos.csv', { split: 'train' })
   * @throws C3D_FILE_NOT_FOUND, C3D_INVALID_CONFIG (a line of a manifest, an option), C3D_INVALID_ARGUMENT (some other
   * kind of file), C3D_EMPTY_DATASET (no class, or nothing that can be read), C3D_VIDEO_UNREADABLE (with `onProblem:
   * 'fail'`), C3D_FFMPEG_MISSING, C3D_ABORTED
   */
  static async open(source: string, options: OpenOptions = {}): Promise<VideoDataset> {
    const dataset = await VideoDataset.#openSource(source, options, false)
    if (dataset.classes.length > 0) return dataset
    dataset.close()
    throw nothingReadable(dataset)
  }

  /**
   * The same to look at what there is, not to train on it: also when nothing can be read, and with videos whose label
   * is '': those that lie in the folder itself, or a single video or frame folder.
   */
  static async inspect(source: string, options: OpenOptions = {}): Promise<VideoDataset> {
    return VideoDataset.#openSource(source, options, true)
  }

  static async #openSource(source: string, options: OpenOptions, unlabelled: boolean): Promise<VideoDataset> {
    const { clipLength, threads, cache, knownClasses, signal, onProgress, onProblem } = parse(
      openSchema,
      options,
      'open',
    )
    const listing = await readSource(source, { given: options, clipLength, unlabelled })
    const opened = await openListing(listing, { threads, cache, knownClasses, signal, onProgress, onProblem })
    return new VideoDataset(originOf(listing, opened), opened.members)
  }

  /**
   * Opens UCF101 with its official lists: `lists` is the folder of classInd.txt, trainlist01.txt and testlist01.txt,
   * `videos` the one of the class folders. Classes are in the order of classInd.txt. A listed file that is not there is
   * told in `problems`.
   *
   * @example const { training, test } = await VideoDataset.openUcf101({ videos: 'UCF-101', lists: 'ucfTrainTestlist' })
   * @throws as `open`; C3D_INVALID_ARGUMENT too, when both parts share a file, the same pictures or a recording
   */
  static openUcf101(options: SplitListsOptions): Promise<{ training: VideoDataset; test: VideoDataset }> {
    return VideoDataset.#openLists(options, 'openUcf101', readUcf101Lists)
  }

  /** The same for HMDB51, whose lists are named like brush_hair_test_split1.txt. */
  static openHmdb51(options: SplitListsOptions): Promise<{ training: VideoDataset; test: VideoDataset }> {
    return VideoDataset.#openLists(options, 'openHmdb51', readHmdb51Lists)
  }

  static async #openLists(
    options: SplitListsOptions,
    root: string,
    read: (options: { videos: string; lists: string; split: number }) => Promise<SplitListing>,
  ): Promise<{ training: VideoDataset; test: VideoDataset }> {
    const { videos, lists, split, allowOverlap, ...indexing } = parse(splitListsSchema, options, root)
    const listing = await read({ videos, lists, split })
    const opened = await openListing(listing, indexing)
    const origin = originOf(listing, opened)
    const part = (name: 'training' | 'test') => {
      const isOwn = (video: ListedVideo) => listing.training.has(video) === (name === 'training')
      const others = new Set(listing.videos.filter((video) => !isOwn(video)).map((video) => video.path))
      const ownProblem = (problem: DatasetProblem) => !others.has(problem.path)
      return new VideoDataset(
        {
          ...origin,
          source: listing.sources[name],
          problems: origin.problems.filter(ownProblem),
          warnings: origin.warnings.filter(ownProblem),
        },
        opened.members.filter(({ listed }) => isOwn(listed)),
      )
    }
    const parts = { training: part('training'), test: part('test') }
    try {
      if (origin.classes.length === 0) throw nothingReadable(parts.training)
      if (!allowOverlap) requireApart(parts.training.overlaps(parts.test), 'training and test')
    } catch (error) {
      parts.training.close()
      throw error
    }
    return parts
  }

  /**
   * Parts the videos in two, class by class, so that both have about the same mixture, also where videos have several
   * classes. Videos of one group stay together: two cuts of one scene on both sides would make the validation look
   * better than it is.
   *
   * @example const { training, validation } = data.split({ validation: 0.2, seed: 1 })
   * @throws C3D_EMPTY_DATASET when there are too few videos or groups to part
   */
  split(options: SplitOptions = {}): { training: VideoDataset; validation: VideoDataset } {
    const { validation, groupBy, seed } = parse(splitSchema, options, 'split')
    const chosen = chooseValidation(this.#splitItems(groupBy), validation, seed)
    if (!chosen.includes(true))
      throw new C3DError(
        'C3D_EMPTY_DATASET',
        `Cannot part the ${this.videos.length} videos of '${this.source}': no class has two videos of different groups. Add videos, or train without validation.`,
      )
    return this.#parted((i) => chosen[i] === true)
  }

  /**
   * Parts the videos for cross-validation: in each of the `count` pairs another part of them is the validation set, and
   * every video is in it once. By class and group as in `split`.
   *
   * @example for (const { training, validation } of data.folds(5, { seed: 1 })) …
   * @throws C3D_EMPTY_DATASET when there are fewer groups than folds
   */
  folds(count: number, options: FoldOptions = {}): { training: VideoDataset; validation: VideoDataset }[] {
    const { groupBy, seed } = parse(foldsSchema, { ...options, count }, 'folds')
    const foldOf = dealFolds(this.#splitItems(groupBy), count, seed)
    const filled = new Set(foldOf).size
    if (filled < count)
      throw new C3DError(
        'C3D_EMPTY_DATASET',
        `Cannot make ${count} folds of the ${this.videos.length} videos of '${this.source}': they are of ${filled} groups. Make fewer folds, or add videos.`,
      )
    return Array.from({ length: count }, (_, fold) => this.#parted((i) => foldOf[i] === fold))
  }

  /** Which videos `split` and `folds` keep together: equal numbers, one for each of `videos`. */
  groups(groupBy: GroupBy = 'auto'): number[] {
    const names = splitGroups(this.#members, groupBy)
    const numbers = new Map([...new Set(names)].map((name, number) => [name, number]))
    return names.map((name) => numbers.get(name) ?? 0)
  }

  /** The videos for which `filter` returns true. The classes stay the same. */
  subset(filter: (video: VideoItem, index: number) => boolean): VideoDataset {
    return this.#with(this.#members.filter(({ video }, i) => filter(video, i)))
  }

  /** Whether a video has several classes, or none: only a multi-label model can learn from it. */
  get multiLabel(): boolean {
    return this.videos.some((video) => labelsOf(video).length !== 1)
  }

  /** Videos of each class, in the order of `classes`. */
  classCounts(): number[] {
    return countClasses(this.classes, this.videos)
  }

  /**
   * What to weigh each class's loss with, so that all classes count the same: (1 / videos of the class), divided by the
   * mean of that over the classes, so that the mean weight is 1. Classes without videos have the weight 0 and do not
   * count in the mean. In the order of `classes`.
   */
  classWeights(): number[] {
    return inverseFrequencies(this.classCounts())
  }

  /**
   * What this data set and another have in common: files, files with the same pictures, recordings of UCF101 and groups
   * of manifests. Trained on one and measured on the other, a model would look better than it is.
   */
  overlaps(other: VideoDataset): Overlap[] {
    return findOverlaps(this.#members, other.#members)
  }

  /** What the data set holds and what is suspicious about it; see `c3d data check`. */
  report(options: ReportOptions = {}): DatasetReport {
    const { clipLength } = parse(reportSchema, options, 'report')
    return makeReport({ ...this.#origin, members: this.#members }, clipLength)
  }

  /** Frees the frame counts, for all subsets too. A training that runs keeps what it needs. */
  close(): void {
    const { shared } = this.#origin
    if (shared.closed) return
    shared.closed = true
    shared.native.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #with(members: readonly Member[]): VideoDataset {
    return new VideoDataset(this.#origin, members)
  }

  #splitItems(groupBy: GroupBy): SplitItem[] {
    const groups = splitGroups(this.#members, groupBy)
    const numbers = new Map(this.classes.map((name, number) => [name, number]))
    const numberOf = (label: string) => numbers.get(label) ?? []
    return this.videos.map((video, i) => ({
      labels: labelsOf(video).flatMap(numberOf),
      group: groups[i] ?? '',
    }))
  }

  #parted(isValidation: (index: number) => boolean): { training: VideoDataset; validation: VideoDataset } {
    return {
      training: this.#with(this.#members.filter((_, i) => !isValidation(i))),
      validation: this.#with(this.#members.filter((_, i) => isValidation(i))),
    }
  }

  #open(): DatasetState {
    const { shared } = this.#origin
    if (shared.closed)
      throw new C3DError('C3D_CLOSED', `The data set '${this.source}' was closed. Open it again to use it.`)
    const items = this.#members.map(({ place, video: { label, labels, start = 0, end = 0 } }) => ({
      video: place,
      label,
      ...(labels && { labels }),
      start,
      end,
    }))
    return { native: shared.native, items }
  }
}

function originOf({ source, folder }: Listing, opened: OpenedListing): Origin {
  const { classes, problems, warnings, native } = opened
  return { source, folder, classes, problems, warnings, shared: { native, closed: false } }
}

function nothingReadable({ source, problems }: VideoDataset): C3DError {
  const first = problems[0]
  if (!first) return new C3DError('C3D_EMPTY_DATASET', `None of the videos of '${source}' has a class.`)
  return new C3DError(
    'C3D_EMPTY_DATASET',
    `None of the videos of '${source}' can be read. The first: ${first.path}: ${first.reason}`,
  )
}
