import { unlabelledItems } from './labels'
import { addon } from './native/addon'
import type { NativeModel, NativeSampling, NativeVideoClipScores, NativeVideoInfo } from './native/binding'
import { runEventTask } from './native/task'
import { openVideo, requireVideo } from './open-video'
import { type ClipOutput, clipOutputs, nativeReadout, type ReadoutRequest, readOutClips } from './scoring'

export interface VideoReadoutRequest extends Omit<ReadoutRequest, 'items'> {
  video: string
  /** What is taken instead of `sampling` where it depends on the number of frames; shows at most the same clips. */
  samplingOf?: (video: NativeVideoInfo) => NativeSampling
}

/**
 * Runs the clips of one whole video through the network, crop by crop, in the order of time. Where the clips do not
 * depend on how many frames there are, the first ones are computed while the rest of the video is decoded.
 *
 * @param onClip the frame rate is 0 where it is not known
 * @throws C3D_FILE_NOT_FOUND, C3D_FILE, C3D_VIDEO_UNREADABLE, C3D_FFMPEG_MISSING, C3D_ABORTED
 */
export async function readOutVideo(
  model: { native: NativeModel },
  request: VideoReadoutRequest,
  onClip: (clip: ClipOutput, framesPerSecond: number) => void,
): Promise<void> {
  await (isStreamed(request) ? readOutStream : readOutCounted)(model, request, onClip)
}

/** A cache keeps videos that have been counted; and what cannot be read is skipped clip by clip. */
function isStreamed({ sampling, samplingOf, cache, loader }: VideoReadoutRequest): boolean {
  const isKnown = !samplingOf && (sampling.mode === 'non-overlapping' || sampling.mode === 'dense')
  return isKnown && cache === 'none' && loader.unreadable === 'error'
}

async function readOutStream(
  { native }: { native: NativeModel },
  { video, signal, onProgress, ...request }: VideoReadoutRequest,
  onClip: (clip: ClipOutput, framesPerSecond: number) => void,
): Promise<void> {
  await requireVideo(video)
  const deliver = (event: NativeVideoClipScores): void => {
    for (const clip of clipOutputs(event)) onClip(clip, event.framesPerSecond)
    onProgress?.({ done: event.done, total: event.total })
  }
  await runEventTask<void, NativeVideoClipScores>(
    (onEvent) => addon().scoreVideo(native, { ...nativeReadout(request), video }, onEvent),
    deliver,
    signal,
  )
}

async function readOutCounted(
  model: { native: NativeModel },
  { video, samplingOf, ...request }: VideoReadoutRequest,
  onClip: (clip: ClipOutput, framesPerSecond: number) => void,
): Promise<void> {
  const { sampling, cache, signal } = request
  // Frames that a cache keeps need not be kept twice.
  const shown = cache === 'none' ? { model: model.native, sampling } : undefined
  const videos = await openVideo(video, signal, shown)
  try {
    const info = videos.videos[0] as NativeVideoInfo
    const counted = { ...request, sampling: samplingOf?.(info) ?? sampling, items: unlabelledItems(videos) }
    await readOutClips(model, counted, (clip) => onClip(clip, info.framesPerSecond))
  } finally {
    videos.close()
  }
}
