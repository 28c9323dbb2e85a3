import path from 'node:path'
import type { IndexingOptions } from '../config/dataset'
import { unknownClasses } from '../labels'
import type { NativeVideoInfo, NativeVideoSet } from '../native/binding'
import { C3DError } from '../native/errors'
import { indexFiles, locateFiles } from './files'
import type { DatasetProblem, ListedVideo, Listing } from './listing'
import { type Part, partOf } from './part'
import { unhurried } from './unhurried'
import type { VideoItem } from './video-item'

/** A video of a data set, and where it comes from. */
export interface Member {
  /** Place in the native video set. */
  place: number
  /** The file or folder itself, links followed. */
  file: string
  listed: ListedVideo
  video: VideoItem
}

/** A listing whose videos were opened. */
export interface OpenedListing {
  native: NativeVideoSet
  members: Member[]
  /** Those that have a video that can be read. */
  classes: string[]
  problems: DatasetProblem[]
  warnings: DatasetProblem[]
}

/** Opens every file of a listing once, however many of its videos are parts of it. */
export async function openListing(listing: Listing, options: IndexingOptions): Promise<OpenedListing> {
  if (options.knownClasses) requireKnownClasses(listing, options.knownClasses)
  const files = await locateFiles(listing.videos)
  const native = await indexFiles(files, options)
  const infos = native.videos // made anew by the addon each time it is asked for
  const members: Member[] = []
  const problems: DatasetProblem[] = [...listing.problems]
  const warnings: DatasetProblem[] = [...listing.warnings]
  for (const file of files.values()) {
    const info = file.place === undefined ? undefined : infos[file.place]
    const [first] = file.listed
    const problem = file.problem ?? info?.problem
    if (problem && first) problems.push({ path: first.path, reason: at(first, problem) })
    const warning = file.warning ?? info?.warning
    if (!problem && first && warning) warnings.push({ path: first.path, reason: warning })
  }
  for await (const listed of unhurried(listing.videos)) {
    const file = files.get(path.resolve(listed.path))
    const info = file?.place === undefined ? undefined : infos[file.place]
    if (!file || file.place === undefined || !info || info.problem) continue
    const part = partOf(listed, info)
    if (typeof part === 'string') {
      problems.push({ path: listed.path, reason: at(listed, part) })
      continue
    }
    if (part.warning) warnings.push({ path: listed.path, reason: at(listed, part.warning) })
    members.push({ place: file.place, file: file.real, listed, video: videoItem(listed, info, part) })
  }
  const classes = readableClasses(listing, members, problems)
  if (options.onProblem === 'fail' && problems.length > 0) {
    native.close()
    throw cannotRead(listing, problems)
  }
  return { native, members, classes, problems, warnings }
}

function requireKnownClasses({ videos }: Listing, known: readonly string[]): void {
  const labels = new Set(videos.flatMap((video) => video.labels))
  const unknown = [...labels].filter((label) => !known.includes(label))
  if (unknown.length > 0) throw unknownClasses(unknown, known)
}

function videoItem(listed: ListedVideo, info: NativeVideoInfo, { start, end }: Part): VideoItem {
  const { path: file, labels, group } = listed
  const { frames, width, height, framesPerSecond, codec, fingerprint } = info
  return {
    ...{ path: file, label: labels[0] ?? '', frames, width, height, framesPerSecond, codec, fingerprint },
    ...(labels.length > 1 && { labels }),
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    ...(group !== undefined && { group }),
  }
}

/** A class none of whose videos can be read is no class, but is not dropped silently either. */
function readableClasses(listing: Listing, members: Member[], problems: DatasetProblem[]): string[] {
  const readable = new Set(members.flatMap(({ listed }) => listed.labels))
  const listed = new Set(listing.videos.flatMap(({ labels }) => labels))
  for (const { name, path: place } of listing.classes)
    if (!readable.has(name) && listed.has(name))
      problems.push({
        path: place,
        reason: `no video of the class '${name}' can be read, so the class is left out`,
      })
  return listing.classes.map(({ name }) => name).filter((name) => readable.has(name))
}

const MOST_SHOWN = 5

function cannotRead({ source }: Listing, problems: readonly DatasetProblem[]): C3DError {
  const shown = problems.slice(0, MOST_SHOWN).map(({ path: file, reason }) => `  ${file}: ${reason}`)
  const more = problems.length > MOST_SHOWN ? [`  and ${problems.length - MOST_SHOWN} more`] : []
  return new C3DError(
    'C3D_VIDEO_UNREADABLE',
    [`'${source}' holds what cannot be read:`, ...shown, ...more].join('\n'),
  )
}

function at({ where }: ListedVideo, reason: string): string {
  return where === '' ? reason : `${where}: ${reason}`
}
