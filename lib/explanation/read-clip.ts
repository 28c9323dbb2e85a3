import { clipSpan } from '../clip-span'
import { type ClipTimes, clipTimes } from '../clip-times'
import { defaultLoader, nativeLoader } from '../config/loader'
import { nativePreprocessing } from '../config/preprocessing'
import { evaluationSampling } from '../config/sampling'
import { unlabelledItems } from '../labels'
import type { ModelState } from '../model'
import { addon } from '../native/addon'
import type { NativeVideoInfo, NativeVideoSet } from '../native/binding'
import { C3DError } from '../native/errors'
import { runTask } from '../native/task'
import { openVideo } from '../open-video'

/** One clip of a video, as a network sees it. */
export interface Clip {
  times: ClipTimes
  /** uint8 [1, frames, height, width, 3], channels in the model's order. */
  pixels: Uint8Array
  shape: [number, number, number, number, number]
  /** Left, top and whether it is mirrored: where it was cut from the resized frames. */
  places: Int32Array
}

/**
 * Reads the clip that begins at a frame, or the one in the middle of the video: its centre crop. Behind the end of the
 * video its last frame is repeated.
 *
 * @throws C3D_INVALID_ARGUMENT (a start behind the end), C3D_FILE_NOT_FOUND, C3D_VIDEO_UNREADABLE, C3D_ABORTED
 */
export async function readClip(
  { config }: ModelState,
  video: string,
  start: number | undefined,
  signal: AbortSignal | undefined,
): Promise<Clip> {
  const videos = await openVideo(video, signal)
  try {
    const { frames, framesPerSecond } = videos.videos[0] as NativeVideoInfo
    const span = clipSpan(config, framesPerSecond)
    const first = start ?? Math.floor(Math.max(0, frames - span) / 2)
    if (first >= frames)
      throw new C3DError(
        'C3D_INVALID_ARGUMENT',
        `Expected a clip that starts at one of the frames 0 to ${frames - 1} of '${video}', got ${first}.`,
      )
    const { clip, places } = await readFirst(config, videos, first, signal)
    const { frames: length, height, width } = config.architecture.input
    return {
      times: clipTimes(first, Math.min(frames, first + span), framesPerSecond),
      pixels: clip,
      shape: [1, length, height, width, 3],
      places,
    }
  } finally {
    videos.close()
  }
}

async function readFirst(
  { architecture, preprocessing }: ModelState['config'],
  set: NativeVideoSet,
  start: number,
  signal: AbortSignal | undefined,
): Promise<{ clip: Uint8Array; places: Int32Array }> {
  const { frames, height, width } = architecture.input
  const request = {
    items: { ...unlabelledItems(set), starts: Float64Array.of(start) },
    clip: architecture.input,
    preprocessing: nativePreprocessing(preprocessing),
    sampling: evaluationSampling('all', 1, preprocessing),
    seed: 0,
    epoch: 0,
    batchSize: 1,
    loader: nativeLoader({ ...defaultLoader(), threads: 1, prefetch: 1 }),
    cache: null,
  }
  const loader = await runTask(() => addon().createClipLoader(request), signal)
  try {
    const clip = new Uint8Array(frames * height * width * 3)
    const batch = await runTask(() => loader.next(clip), signal)
    return { clip, places: batch?.places ?? new Int32Array(3) }
  } finally {
    loader.close()
  }
}
