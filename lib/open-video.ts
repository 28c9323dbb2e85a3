import { stat } from 'node:fs/promises'
import { addon } from './native/addon'
import type { NativeVideoSet } from './native/binding'
import { C3DError, fileError } from './native/errors'
import { runTask } from './native/task'

/**
 * One video file or frame folder with its frames counted; `close()` it after use.
 *
 * @throws C3D_FILE_NOT_FOUND, C3D_FILE, C3D_VIDEO_UNREADABLE, C3D_FFMPEG_MISSING, C3D_ABORTED
 */
export async function openVideo(video: string, signal: AbortSignal | undefined): Promise<NativeVideoSet> {
  await stat(video).catch((error) => {
    throw fileError(error, `open '${video}'`)
  })
  const videos = await runTask(
    () => addon().indexVideos([video], { threads: 1, cache: null }, () => {}),
    signal,
  )
  const problem = videos.videos[0]?.problem
  if (problem) {
    videos.close()
    const message = problem.includes(video) ? problem : `Cannot read '${video}': ${problem}`
    throw new C3DError('C3D_VIDEO_UNREADABLE', message)
  }
  return videos
}
