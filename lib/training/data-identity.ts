import { createHash } from 'node:crypto'
import path from 'node:path'
import type * as z from 'zod'
import { settings, text, wholeNumber } from '../config/fields'
import type { VideoDataset } from '../dataset'
import { rangeOf, type VideoItem } from '../dataset/video-item'
import { C3DError } from '../native/errors'

export const dataIdentitySchema = settings({
  source: text(),
  videos: wholeNumber({ atLeast: 1 }),
  digest: text(),
})

/** What a data set is to a training: the same videos in the same order give the same clips, wherever they lie. */
export type DataIdentity = z.output<typeof dataIdentitySchema>

export function identityOf({ source, folder, videos }: VideoDataset): DataIdentity {
  const hash = createHash('sha256')
  for (const video of videos) {
    const { start, end } = rangeOf(video)
    const { label, labels, frames, fingerprint } = video
    const facts = [pathIn(folder, video), label, start, end, frames, fingerprint, ...(labels ? [labels] : [])]
    hash.update(`${JSON.stringify(facts)}\n`)
  }
  return { source: path.resolve(source), videos: videos.length, digest: hash.digest('hex') }
}

/** Throws C3D_INVALID_ARGUMENT when a run would go on with other videos than it began with. */
export function requireSameData(
  part: string,
  recorded: DataIdentity | null,
  given: DataIdentity | null,
): void {
  if (recorded?.digest === given?.digest) return
  throw new C3DError(
    'C3D_INVALID_ARGUMENT',
    `The ${part} set is not the one that the run began with: that was ${describe(recorded)}; this is ${describe(given)}. Videos, their labels, frames and order must be the same.`,
  )
}

function describe(identity: DataIdentity | null): string {
  if (identity === null) return 'none'
  return `${identity.videos} videos of '${identity.source}' (${identity.digest.slice(0, 12)})`
}

function pathIn(folder: string, video: VideoItem): string {
  return path.relative(folder, video.path)
}
