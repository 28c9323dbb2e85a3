import { type FramesOptions, framesSchema, placesSchema } from './config/frames'
import { parse } from './config/parse'
import { addon } from './native/addon'
import type { NativeVideoInfo } from './native/binding'
import { C3DError } from './native/errors'
import { runTask } from './native/task'
import { openVideo } from './open-video'

/** Pixels of some frames. */
export interface Frames {
  /** 0 to 255, in the order of `shape`. */
  data: Uint8Array
  /** [frames, height, width, 3] */
  shape: [number, number, number, number]
}

/**
 * Decodes single frames of a video file or frame folder, on a thread of its own. A frame is told by its place, counted
 * from 0 in the order in which the frames are shown; what comes is what decoding the whole video from its start gives
 * at this place, also where time stamps or headers say otherwise. Rotation metadata is applied. Other sizes than the
 * video's own are made as OpenCV's INTER_LINEAR does, without regard to the aspect ratio.
 *
 * @param places in any order; repeats are allowed. The answer has their order.
 * @example const { data, shape } = await frames('clip.mp4', [0, 8, 16], { width: 171, height: 128 })
 * @throws C3D_INVALID_ARGUMENT for a place that the video does not have, C3D_FILE_NOT_FOUND, C3D_VIDEO_UNREADABLE,
 * C3D_FFMPEG_MISSING, C3D_OUT_OF_MEMORY, C3D_ABORTED, C3D_INVALID_CONFIG
 */
export async function frames(
  video: string,
  places: readonly number[],
  options: FramesOptions = {},
): Promise<Frames> {
  const { signal, ...format } = parse(framesSchema, options, 'frames')
  const wanted = Float64Array.from(parse(placesSchema, places, 'places'))
  const videos = await openVideo(video, signal)
  try {
    const info = videos.videos[0] as NativeVideoInfo
    const { width = info.width, height = info.height, channelOrder } = format
    const shape: Frames['shape'] = [wanted.length, height, width, 3]
    const data = allocate(video, shape)
    await runTask(() => addon().readFrames(videos, 0, wanted, { width, height, channelOrder }, data), signal)
    return { data, shape }
  } finally {
    videos.close()
  }
}

function allocate(video: string, shape: Frames['shape']): Uint8Array {
  const bytes = shape.reduce((a, b) => a * b)
  try {
    return new Uint8Array(bytes)
  } catch (cause) {
    const [count, height, width] = shape
    throw new C3DError(
      'C3D_OUT_OF_MEMORY',
      `${count} frames of '${video}' at ${width}x${height} need ${bytes} bytes, more than there are. Ask for fewer at a time, or for smaller ones.`,
      { cause },
    )
  }
}
