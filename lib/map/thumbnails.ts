import { indexFolder } from '../config/cache'
import { defaultIndexThreads } from '../config/loader'
import { type MapProgress, thumbnail } from '../config/map'
import { addon } from '../native/addon'
import type { NativeIndexEvent, NativeVideoInfo, NativeVideoSet } from '../native/binding'
import { C3DError, messageOf } from '../native/errors'
import { runEventTask, runTask } from '../native/task'
import { withAlpha } from '../pictures/picture'

/** What a picture is wanted of: a video, or a part of it, by the frame in its middle. */
export interface Pictured {
  path: string
  start?: number
  end?: number
}

export interface ThumbnailOptions {
  signal?: AbortSignal | undefined
  onProgress?: ((progress: MapProgress) => void) | undefined
  onUnreadable?: ((videos: { path: string; reason: string }[]) => void) | undefined
}

/**
 * A small JPEG for each video, as a `data:` address; '' where it cannot be read.
 *
 * @throws C3D_ABORTED, C3D_FFMPEG_MISSING
 */
export async function makeThumbnails(
  wanted: readonly Pictured[],
  { signal, onProgress, onUnreadable }: ThumbnailOptions,
): Promise<string[]> {
  const paths = [...new Set(wanted.map(({ path }) => path))]
  const set = await runEventTask<NativeVideoSet, NativeIndexEvent>(
    (onEvent) =>
      addon().indexVideos(
        paths,
        { threads: defaultIndexThreads(), cache: indexFolder(true), keep: null },
        onEvent,
      ),
    () => {},
    signal,
  )
  const unreadable = new Map<string, string>()
  try {
    const places = new Map(paths.map((path, place) => [path, place]))
    const pictures: string[] = []
    for (const one of wanted) {
      const place = places.get(one.path) ?? 0
      const video = set.videos[place] as NativeVideoInfo
      pictures.push(
        await readThumbnail(set, place, video, one, signal).catch((error) => {
          if (signal?.aborted) throw error
          unreadable.set(one.path, messageOf(error))
          return ''
        }),
      )
      onProgress?.({ done: pictures.length, total: wanted.length })
    }
    if (unreadable.size > 0) onUnreadable?.(Array.from(unreadable, ([path, reason]) => ({ path, reason })))
    return pictures
  } finally {
    set.close()
  }
}

async function readThumbnail(
  set: NativeVideoSet,
  place: number,
  { path, problem, frames, width, height }: NativeVideoInfo,
  { start = 0, end = frames }: Pictured,
  signal: AbortSignal | undefined,
): Promise<string> {
  if (problem) throw new C3DError('C3D_VIDEO_UNREADABLE', `Cannot read '${path}': ${problem}`)
  const scale = thumbnail.side / Math.max(width, height)
  const size = {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  }
  const pixels = new Uint8Array(size.width * size.height * 3)
  const middle = Float64Array.of(Math.min(frames - 1, Math.floor((start + end) / 2)))
  const format = { ...size, channelOrder: 'rgb' as const }
  await runTask(() => addon().readFrames(set, place, middle, format, pixels), signal)
  const { encode } = await import('jpeg-js')
  const { data } = encode({ ...size, data: withAlpha(pixels) }, thumbnail.quality)
  return `data:image/jpeg;base64,${Buffer.from(data).toString('base64')}`
}
