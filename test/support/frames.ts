import { addon } from '../../lib/native/addon'
import type { NativeFrameFormat, NativeVideoInfo, NativeVideoSet } from '../../lib/native/binding'
import { randomNumbers } from './frame-folders'

/** A video whose frames are counted once, so that many readings of it are fast. */
export interface CountedVideo {
  set: NativeVideoSet
  info: NativeVideoInfo
}

export async function countFrames(file: string): Promise<CountedVideo> {
  const set = await addon().indexVideos([file], { threads: 1, cache: null, keep: null }, () => {}).done
  const info = set.videos[0] as NativeVideoInfo
  if (info.problem) throw new Error(info.problem)
  return { set, info }
}

/** Opens the video once; a picture each, uint8 [height, width, 3], by default RGB of the video's own size. */
export async function readPictures(
  { set, info }: CountedVideo,
  places: readonly number[],
  format: Partial<NativeFrameFormat> = {},
): Promise<Buffer[]> {
  const complete: NativeFrameFormat = {
    width: info.width,
    height: info.height,
    channelOrder: 'rgb',
    ...format,
  }
  const bytes = complete.width * complete.height * 3
  const out = new Uint8Array(places.length * bytes)
  await addon().readFrames(set, 0, Float64Array.from(places), complete, out).done
  return places.map((_, i) => Buffer.from(out.buffer, i * bytes, bytes))
}

export const range = (count: number, start = 0) => Array.from({ length: count }, (_, i) => start + i)

/** Reads a few frames at a time in any order, and compares with the frames of one pass from start to end. */
export async function expectExact(video: CountedVideo, format = {}): Promise<Buffer[]> {
  const count = video.info.frames
  const inOrder = await readPictures(video, range(count), format)
  const random = randomNumbers(count)
  for (let draw = 0; draw < 12; draw++) {
    const places = range(1 + Math.floor(random() * 5)).map(() => Math.floor(random() * count))
    if (draw % 3 === 0) places.push(...range(Math.min(16, count - (places[0] ?? 0)), places[0]))
    const pictures = await readPictures(video, places, format)
    const wrong = places.filter((place, i) => !pictures[i]?.equals(inOrder[place] as Buffer))
    expect({ places, wrong }).toEqual({ places, wrong: [] })
  }
  return inOrder
}
