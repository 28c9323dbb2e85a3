import { clipSpan } from '../clip-span'
import { type ClipTimes, clipTimes } from '../clip-times'
import { featureSampling, type ResolvedExtraction } from '../config/features'
import { unlabelledItems } from '../labels'
import type { ModelState } from '../model'
import type { NativeVideoInfo } from '../native/binding'
import { openVideo } from '../open-video'
import { choosePrecision, nativePrecision } from '../precision/choose'
import { predictions } from '../prediction-queue'
import { type ClipOutput, readOutClips } from '../scoring'
import { EventQueue } from '../training/event-queue'
import type { Readout } from './readout'

export interface WindowOutput extends ClipTimes {
  values: Float32Array
}

type WindowSettings = Omit<ResolvedExtraction, 'layer' | 'pooling' | 'normalize'>

/**
 * The clips of one video in the order of time, each as it is computed: nothing is kept of those that were read. Leaving
 * the loop stops the work.
 */
export async function* readWindows(
  model: ModelState,
  video: string,
  readout: Readout,
  { stride, signal, ...scoring }: WindowSettings,
): AsyncGenerator<WindowOutput, void, undefined> {
  const precision = nativePrecision(await choosePrecision(model, scoring.precision, 'precision', signal))
  const videos = await openVideo(video, signal)
  const left = new AbortController()
  const queue = new EventQueue<WindowOutput>(0)
  const { frames, framesPerSecond } = videos.videos[0] as NativeVideoInfo
  const span = clipSpan(model.config, framesPerSecond)
  const request = {
    ...scoring,
    precision,
    signal: signal ? AbortSignal.any([signal, left.signal]) : left.signal,
    items: unlabelledItems(videos),
    sampling: featureSampling(stride, model.config.preprocessing),
    readout: readout.native,
  }
  const onClip = ({ start, values }: ClipOutput) => {
    const times = clipTimes(start, Math.min(frames, start + span), framesPerSecond)
    queue.push({ ...times, values: readout.finish(values) }, false)
  }
  const work = predictions
    .run(() => readOutClips(model, request, onClip), request.signal)
    .then(
      () => queue.end(),
      (error) => queue.end({ error }),
    )
  try {
    for (let next = await queue.take(); next; next = await queue.take()) yield next.event
  } finally {
    left.abort()
    await work
    videos.close()
  }
}
