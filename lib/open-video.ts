import { stat } from 'node:fs/promises'
import { MOST_KEPT_BYTES } from './config/cache'
import { addon } from './native/addon'
import type { NativeModel, NativeSampling, NativeVideoSet } from './native/binding'
import { C3DError, fileError } from './native/errors'
import { runTask } from './native/task'

/** The clips that a model is going to be shown of a video. */
export interface ShownClips {
  model: NativeModel
  sampling: NativeSampling
}

/**
 * One video file or frame folder with its frames counted; `close()` it after use.
 *
 * @param shown where given, the frames of these clips are kept while they are counted, so that they are decoded once
 * @throws C3D_FILE_NOT_FOUND, C3D_FILE, C3D_VIDEO_UNREADABLE, C3D_FFMPEG_MISSING, C3D_ABORTED
 */
export async function openVideo(
  video: string,
  signal: AbortSignal | undefined,
  shown?: ShownClips,
): Promise<NativeVideoSet> {
  await requireVideo(video)
  const indexing = {
    threads: 1,
    cache: null,
    keep: shown ? { ...shown, maxBytes: MOST_KEPT_BYTES } : null,
  }
  const videos = await runTask(() => addon().indexVideos([video], indexing, () => {}), signal)
  const problem = videos.videos[0]?.problem
  if (problem) {
    videos.close()
    const message = problem.includes(video) ? problem : `Cannot read '${video}': ${problem}`
    throw new C3DError('C3D_VIDEO_UNREADABLE', message)
  }
  return videos
}

/** @throws C3D_FILE_NOT_FOUND, C3D_FILE */
export async function requireVideo(video: string): Promise<void> {
  await stat(video).catch((error) => {
    throw fileError(error, `open '${video}'`)
  })
}
