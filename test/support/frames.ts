import { addon } from '../../lib/native/addon'
import type { NativeFrameFormat, NativeVideoInfo, NativeVideoSet } from '../../lib/native/binding'

/** A video whose frames are counted once, so that many readings of it are fast. */
export interface CountedVideo {
  set: NativeVideoSet
  info: NativeVideoInfo
}

export async function countFrames(file: string): Promise<CountedVideo> {
  const set = await addon().indexVideos([file], 1, () => {}).done
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
