import { setImmediate as nextTurn } from 'node:timers/promises'
import { motionFile } from '../config/motion'
import { addon } from '../native/addon'
import { rethrowNative } from '../native/errors'
import type { Picture } from './picture'

/**
 * Writes an .mp4 file that every player can read. Encodes on the calling thread, a picture at a time.
 *
 * @throws C3D_FFMPEG_MISSING, C3D_FILE
 */
export async function writeVideo(
  file: string,
  pictures: readonly Picture[],
  framesPerSecond: number,
): Promise<void> {
  const { width = 2, height = 2 } = pictures[0] ?? {}
  const writer = rethrowNative(() =>
    addon().createVideo(file, { ...motionFile, width, height, framesPerSecond }),
  )
  for (const { data } of pictures) {
    rethrowNative(() => writer.write(data))
    await nextTurn()
  }
  rethrowNative(() => writer.finish())
}
