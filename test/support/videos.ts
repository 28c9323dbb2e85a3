import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { motionFile } from '../../lib/config/motion'
import { addon } from '../../lib/native/addon'
import type { NativeVideoWriterOptions } from '../../lib/native/binding'

/** A describe block that is skipped, with the reason in its name, where the addon has no FFmpeg. */
export function describeWithVideos(name: string, tests: () => void): void {
  const problem = missingBackend()
  if (problem === undefined) describe(name, tests)
  else describe.skip(`${name} (skipped: ${problem})`, tests)
}

function missingBackend(): string | undefined {
  try {
    addon().videoBackend()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** A video as `makeMotionVideos` writes it; a test changes what it is about. */
export const plainVideo = { ...motionFile, framesPerSecond: 25 } satisfies Partial<NativeVideoWriterOptions>

export type VideoOptions = Partial<NativeVideoWriterOptions> &
  Pick<NativeVideoWriterOptions, 'width' | 'height'>

/** Encodes RGB pictures; `times`: when each is shown, in ticks. */
export function writeVideo(
  file: string,
  options: VideoOptions,
  pictures: Iterable<Uint8Array>,
  times?: readonly number[],
): void {
  const writer = addon().createVideo(file, { ...plainVideo, ...options })
  let number = 0
  for (const picture of pictures) writer.write(picture, times?.[number++])
  writer.finish()
}

/** What the FFmpeg at hand lacks for writing such a video; undefined where it lacks nothing. */
export function missingEncoder(options: Partial<NativeVideoWriterOptions>): string | undefined {
  if (missingBackend() !== undefined) return undefined // whatever needs it is skipped for that reason
  const folder = mkdtempSync(path.join(tmpdir(), 'torch-c3d-test-'))
  try {
    addon().createVideo(path.join(folder, 'video'), { ...plainVideo, width: 64, height: 64, ...options })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (/has no encoder|writes no container/.test(message)) return message
  } finally {
    rmSync(folder, { recursive: true })
  }
  return undefined
}
