import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type MotionName, type MotionOptions, motionFile, motionSchema } from '../config/motion'
import { parse } from '../config/parse'
import { makeFolder } from '../files/make-folder'
import { addon } from '../native/addon'
import { abortError, C3DError, fileError, fromNative, systemCode } from '../native/errors'
import { Random } from '../random'
import { type Digit, loadDigits } from './digits'
import { drawPath, type FrameSize } from './motions'
import { drawScene, renderFrame } from './scene'

/**
 * Renders a data set whose classes are motions: `<out>/<class>/<class>-0001.mp4` and so on, in each a handwritten
 * digit that moves left, right, up, down, clockwise or anticlockwise (or zooms in or out) over noise. No single frame
 * tells the class (lib/motion/motions.ts says why), so it measures whether a network sees motion. Equal options give
 * equal pictures; a video depends on the seed, its class and its number alone.
 *
 * Renders and encodes on the calling thread, a video (some milliseconds) at a time: a tool, not for services.
 *
 * @returns the files written
 * @throws C3D_INVALID_CONFIG, C3D_FFMPEG_MISSING, C3D_FILE, C3D_FILE_NOT_FOUND (the mnist package), C3D_ABORTED
 */
export async function makeMotionVideos(out: string, options: MotionOptions = {}): Promise<string[]> {
  const settings = parse(motionSchema, options, 'motion')
  const { classes, videosPerClass, seed, signal, onProgress } = settings
  await prepareFolder(out, settings.overwrite)
  const digits = await loadDigits()
  const total = classes.length * videosPerClass
  const files: string[] = []
  for (const motion of classes) {
    const folder = path.join(out, motion)
    await makeFolder(folder)
    for (let number = 1; number <= videosPerClass; number++) {
      if (signal?.aborted) throw abortError(signal)
      const file = path.join(folder, `${motion}-${String(number).padStart(4, '0')}.mp4`)
      encode(file, settings, renderVideo(motion, digits, settings, new Random(seed, motion, number)))
      files.push(file)
      onProgress?.({ done: files.length, total })
      await nextTurn()
    }
  }
  return files
}

/** The frames of one video, RGB, uint8 [height, width, 3]. */
export function* renderVideo(
  motion: MotionName,
  digits: readonly Digit[],
  { size, frames }: { size: FrameSize; frames: number },
  random: Random,
): Generator<Uint8Array, void, undefined> {
  const scene = drawScene(digits, random)
  const path = drawPath(motion, size, random)
  for (let frame = 0; frame < frames; frame++) yield renderFrame(scene, path(frame), size, random)
}

function encode(
  file: string,
  { size, framesPerSecond }: { size: FrameSize; framesPerSecond: number },
  frames: Iterable<Uint8Array>,
): void {
  try {
    const writer = addon().createVideo(file, { ...motionFile, ...size, framesPerSecond })
    for (const frame of frames) writer.write(frame)
    writer.finish()
  } catch (error) {
    throw fromNative(error)
  }
}

/** Videos of two data sets in one folder would be taken for one. */
async function prepareFolder(out: string, overwrite: boolean): Promise<void> {
  const entries = await readdir(out).catch((error) => {
    if (systemCode(error) === 'ENOENT') return []
    throw fileError(error, `read the folder '${out}'`)
  })
  if (entries.length > 0 && !overwrite)
    throw new C3DError(
      'C3D_FILE',
      `'${out}' is not empty. Choose another folder, or set overwrite to write into it.`,
    )
  await makeFolder(out)
}
