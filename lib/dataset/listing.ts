import path from 'node:path'

/** A file or folder of a data set, or a line of its list, and what is wrong with it. */
export interface DatasetProblem {
  path: string
  reason: string
}

/** A place in a video, as a manifest tells it. */
export interface Place {
  value: number
  unit: 'frames' | 'seconds'
}

/** A video, or a part of one, as a source names it: nothing of it has been read yet. */
export interface ListedVideo {
  path: string
  /** Empty only where a source without labels is inspected. */
  labels: readonly string[]
  /** Left out: the video's first frame. */
  start?: Place
  /** Behind the last frame; left out: the video's end. */
  end?: Place
  group?: string
  /** The line that names it, like "videos.csv, line 3"; '' where a folder was scanned. */
  where: string
}

/** What a source says there is. */
export interface Listing {
  /** What was opened, as the caller gave it. */
  source: string
  /** What relative paths count from. */
  folder: string
  /** In order, with the file or folder that names each of them. */
  classes: readonly { name: string; path: string }[]
  videos: readonly ListedVideo[]
  problems: readonly DatasetProblem[]
  warnings: readonly DatasetProblem[]
}

/** The path of a listed file, without the slash that lists have behind folders. */
export function pathIn(root: string, name: string): string {
  const full = path.isAbsolute(name) ? path.normalize(name) : path.join(root, name)
  return full.length > 1 && full.endsWith(path.sep) ? full.slice(0, -1) : full
}

/** By code units, so that the order is the same on every machine, whatever its language. */
export function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
