import { existsSync } from 'node:fs'
import path from 'node:path'
import { type PackOptions, packSchema } from './config/pack'
import { parse } from './config/parse'
import { nativeResize } from './config/preprocessing'
import { datasetState, type VideoDataset } from './dataset'
import { rangeOf, type VideoItem } from './dataset/video-item'
import { makeFolder } from './files/make-folder'
import { addon } from './native/addon'
import { C3DError } from './native/errors'
import { runTask } from './native/task'

export interface Packing {
  /** The packed videos, in the order of the data set's. */
  files: string[]
  /** How many of them were there already. */
  kept: number
}

/**
 * Writes the videos of a data set as packed ones, `<folder>/<class>/<video>.c3dframes`: decoded, resized frames that
 * need no FFmpeg, for machines that train often or have none. `VideoDataset.open(folder)` opens them. Parts of videos
 * become videos of their own. Each file is there when all of it is, so that a packing that was stopped goes on.
 *
 * @throws C3D_FILE, C3D_VIDEO_UNREADABLE, C3D_INVALID_ARGUMENT (a video of several classes), C3D_ABORTED
 */
export async function packVideos(
  dataset: VideoDataset,
  folder: string,
  options: PackOptions = {},
): Promise<Packing> {
  const { resize, overwrite, threads, signal, onProgress } = parse(packSchema, options, 'pack')
  const { native, items } = datasetState(dataset)
  const files = dataset.videos.map((video) => path.join(folder, ...placeOf(video)))
  requireDistinct(files)
  let kept = 0
  let done = 0
  const waiting = dataset.videos.entries()
  const work = async (): Promise<void> => {
    for (const [i, video] of waiting) {
      const file = files[i] as string
      if (!overwrite && existsSync(file)) kept++
      else {
        await makeFolder(path.dirname(file))
        const request = { set: native, video: items[i]?.video ?? 0, ...rangeOf(video), file }
        await runTask(() => addon().packVideo({ ...request, resize: nativeResize(resize) }), signal)
      }
      onProgress?.({ done: ++done, total: files.length, path: video.path })
    }
  }
  await Promise.all(Array.from({ length: Math.min(threads, files.length) }, work))
  return { files, kept }
}

/** Class, and a name that keeps the video's own, which may hold its group. */
function placeOf(video: VideoItem): [string, string] {
  if (video.labels !== undefined || video.label === '')
    throw new C3DError(
      'C3D_INVALID_ARGUMENT',
      `Expected one class for every video, since packed videos lie in folders of classes, but '${video.path}' has ${video.labels?.length ?? 'none'}. Take such videos out with subset().`,
    )
  const name = path.basename(video.path)
  const { start, end } = rangeOf(video)
  const isPart = video.start !== undefined || video.end !== undefined
  return [video.label, `${name}${isPart ? `.${start}-${end}` : ''}.c3dframes`]
}

function requireDistinct(files: readonly string[]): void {
  const seen = new Set<string>()
  for (const file of files) {
    if (seen.has(file))
      throw new C3DError(
        'C3D_INVALID_ARGUMENT',
        `Two videos of one class have the same name and would both be packed as '${file}'. Rename one.`,
      )
    seen.add(file)
  }
}
