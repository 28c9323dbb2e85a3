import { countClasses } from './class-weights'
import type { DatasetProblem } from './listing'
import type { Member } from './members'
import { labelsOf, lengthOf, rangeOf, type VideoItem } from './video-item'

/** What a data set holds, and what is suspicious about it. */
export interface DatasetReport {
  source: string
  /** Files and frame folders that can be read. */
  files: number
  /** Videos; parts of a file count each. */
  videos: number
  frames: number
  classes: ClassReport[]
  /** Videos without a class: no training can use them. */
  unlabelled: number
  /** Videos of the largest class for one of the smallest; null without classes. */
  imbalance: number | null
  sizes: { width: number; height: number; videos: number }[]
  /** In frames; null without videos. */
  lengths: { shortest: number; median: number; longest: number } | null
  /** Videos shorter than a clip. */
  shorterThanClip: { frames: number; videos: number }
  /** Rounded to thousandths; null where not known, as in frame folders. */
  frameRates: { framesPerSecond: number | null; videos: number }[]
  codecs: { codec: string; videos: number }[]
  duplicates: Duplicates[]
  /** Videos whose pictures could not be compared with the others'. */
  notCompared: number
  /** What cannot be read and is left out. */
  problems: readonly DatasetProblem[]
  /** What is used, but looks wrong. */
  warnings: readonly DatasetProblem[]
}

export interface ClassReport {
  label: string
  videos: number
  frames: number
}

/** Videos that show the same pictures, in one file or in several. */
export interface Duplicates {
  /** Whether they have different labels, so that some are wrong. */
  labelsDiffer: boolean
  videos: { path: string; label: string; start: number; end: number }[]
}

interface ReportInput {
  source: string
  classes: readonly string[]
  problems: readonly DatasetProblem[]
  warnings: readonly DatasetProblem[]
  members: readonly Member[]
}

export function makeReport(
  { source, classes, problems, warnings, members }: ReportInput,
  clipLength: number,
): DatasetReport {
  const videos = members.map((member) => member.video)
  const lengths = videos.map(lengthOf).sort((a, b) => a - b)
  return {
    source,
    files: new Set(members.map((member) => member.place)).size,
    videos: videos.length,
    frames: sum(lengths),
    classes: classReports(classes, videos),
    unlabelled: videos.filter((video) => video.label === '').length,
    imbalance: imbalanceOf(countClasses(classes, videos)),
    sizes: tally(videos, ({ width, height }) => ({ width, height })),
    lengths: lengthRange(lengths),
    shorterThanClip: { frames: clipLength, videos: lengths.filter((length) => length < clipLength).length },
    frameRates: tally(videos, ({ framesPerSecond }) => ({
      framesPerSecond: framesPerSecond > 0 ? Math.round(1000 * framesPerSecond) / 1000 : null,
    })),
    codecs: tally(videos, ({ codec }) => ({ codec })),
    duplicates: findDuplicates(members),
    notCompared: videos.filter((video) => !video.fingerprint).length,
    problems,
    warnings,
  }
}

function classReports(classes: readonly string[], videos: readonly VideoItem[]): ClassReport[] {
  const reports = new Map(classes.map((label) => [label, { label, videos: 0, frames: 0 }]))
  for (const video of videos)
    for (const label of labelsOf(video)) {
      const report = reports.get(label)
      if (!report) continue
      report.videos++
      report.frames += lengthOf(video)
    }
  return [...reports.values()]
}

function imbalanceOf(counts: readonly number[]): number | null {
  const present = counts.filter((count) => count > 0)
  return present.length === 0 ? null : Math.max(...present) / Math.min(...present)
}

function lengthRange(sorted: readonly number[]): DatasetReport['lengths'] {
  const [shortest, longest] = [sorted[0], sorted.at(-1)]
  if (shortest === undefined || longest === undefined) return null
  const [below = 0, above = 0] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  return { shortest, median: (below + above) / 2, longest }
}

/** How many videos have each value, the most frequent first. */
function tally<T extends object>(
  videos: readonly VideoItem[],
  describe: (video: VideoItem) => T,
): (T & { videos: number })[] {
  const found = new Map<string, T & { videos: number }>()
  for (const video of videos) {
    const value = describe(video)
    const key = JSON.stringify(value)
    const entry = found.get(key) ?? { ...value, videos: 0 }
    entry.videos++
    found.set(key, entry)
  }
  return [...found.values()].sort((a, b) => b.videos - a.videos)
}

/** Groups of videos with the same pictures whose ranges meet; those with different labels first. */
function findDuplicates(members: readonly Member[]): Duplicates[] {
  const same = new Map<string, VideoItem[]>()
  for (const { file, video } of members) {
    const key = video.fingerprint || file
    const known = same.get(key)
    if (known) known.push(video)
    else same.set(key, [video])
  }
  return [...same.values()]
    .flatMap(meetingRanges)
    .map((videos) => ({
      labelsDiffer: new Set(videos.map((video) => labelsOf(video).join('|'))).size > 1,
      videos: videos.map((video) => ({ path: video.path, label: video.label, ...rangeOf(video) })),
    }))
    .sort((a, b) => Number(b.labelsDiffer) - Number(a.labelsDiffer))
}

/** Runs of two or more videos of which each overlaps one before it in time. */
function meetingRanges(videos: readonly VideoItem[]): VideoItem[][] {
  const runs: VideoItem[][] = []
  let reach = -1
  for (const video of [...videos].sort((a, b) => rangeOf(a).start - rangeOf(b).start)) {
    const { start, end } = rangeOf(video)
    const run = runs.at(-1)
    if (run && start < reach) run.push(video)
    else runs.push([video])
    reach = Math.max(reach, end)
  }
  return runs.filter((run) => run.length > 1)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}
