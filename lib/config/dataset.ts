import * as z from 'zod'
import type { VideoItem } from '../dataset/video-item'
import {
  abortSignal,
  callback,
  choice,
  expected,
  finiteNumber,
  flag,
  seed,
  settings,
  text,
  wholeNumber,
} from './fields'
import { defaultIndexThreads } from './loader'

export interface IndexingProgress {
  /** Files whose frames are counted, and all of them. */
  done: number
  total: number
  /** The latest one. */
  path: string
}

/** How the files of a data set are opened. */
const indexingShape = {
  /** Files that are read at once. */
  threads: wholeNumber({ atLeast: 1, atMost: 256 }).default(defaultIndexThreads),
  /** 'leave-out': what cannot be read is told in `problems`; 'fail': it is an error. */
  onProblem: choice(['leave-out', 'fail']).default('leave-out'),
  /** Whether frame counts are kept for the next opening, in `index` of the package's cache folder. */
  cache: flag().default(true),
  /** The classes that videos may have, as those of a model: another one is refused before any video is opened. */
  knownClasses: z
    .array(text('the name of a class'), { error: expected('a list of class names') })
    .readonly()
    .optional(),
  signal: abortSignal().optional(),
  onProgress: callback<(progress: IndexingProgress) => void>().optional(),
}

const indexingSchema = settings(indexingShape)

/** C3D's clips: section 3 of the paper. */
const clipLength = () => wholeNumber({ atLeast: 1 }).default(16)

export const openSchema = settings({
  ...indexingShape,
  /** Manifests and lists: the folder that relative paths count from; left out: the one that the file is in. */
  root: text('the path of a folder').optional(),
  /** Manifests: only the videos with this value in the `split` column. */
  split: text('a value of the split column').optional(),
  /** Lists: a file that names the classes, like UCF101's classInd.txt; left out: their numbers are their names. */
  classNames: text('the path of a file').optional(),
  /** Lists: frames of a clip. */
  clipLength: clipLength(),
})

export const splitListsSchema = settings({
  ...indexingShape,
  /** The folder of <class>/<video>; frame folders of the videos' names do as well. */
  videos: text('the path of a folder'),
  /** The folder of the official lists. */
  lists: text('the path of a folder'),
  /** The number of the split. */
  split: wholeNumber({ atLeast: 1 }).default(1),
  /** Whether training and test may share videos and groups. The official lists do not. */
  allowOverlap: flag().default(false),
})

export const reportSchema = settings({
  /** Shorter videos are counted. */
  clipLength: clipLength(),
})

export type GroupBy = 'auto' | 'none' | ((video: VideoItem) => string)

/** How videos are parted. */
const partingShape = {
  /**
   * Which videos must stay together, since they show the same scene or person. 'auto': those of one group of the
   * manifest, and those of a class that have the same UCF101 group (`_g07_` in the name); a function: those for which
   * it returns the same. Parts of one file and files with the same pictures stay together as well. 'none': any two
   * may part.
   */
  groupBy: z
    .custom<GroupBy>((value) => value === 'auto' || value === 'none' || typeof value === 'function', {
      error: expected("'auto', 'none' or a function"),
    })
    .default('auto'),
  seed: seed().default(1),
}

export const splitSchema = settings({
  /** Fraction of the videos that goes to the validation part. */
  validation: finiteNumber({ above: 0, below: 1 }).default(0.2),
  ...partingShape,
})

export const foldsSchema = settings({ count: wholeNumber({ atLeast: 2 }), ...partingShape })

export type IndexingOptions = z.output<typeof indexingSchema>
export type OpenOptions = z.input<typeof openSchema>
/** Those of OpenOptions that say how a source is understood. */
export type SourceOptions = Pick<OpenOptions, 'root' | 'split' | 'classNames' | 'clipLength'>
export type SplitListsOptions = z.input<typeof splitListsSchema>
export type SplitOptions = z.input<typeof splitSchema>
export type FoldOptions = Omit<z.input<typeof foldsSchema>, 'count'>
export type ReportOptions = z.input<typeof reportSchema>
