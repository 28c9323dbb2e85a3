import { type ClipTimes, clipTimes } from '../clip-times'
import { featureSampling, type ResolvedExtraction } from '../config/features'
import type { ModelState } from '../model'
import { choosePrecision, nativePrecision } from '../precision/choose'
import { predictions } from '../prediction-queue'
import type { ClipOutput } from '../scoring'
import { EventQueue } from '../training/event-queue'
import { readOutVideo } from '../video-scoring'
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
  const left = new AbortController()
  const queue = new EventQueue<WindowOutput>(0)
  const request = {
    ...scoring,
    video,
    precision,
    signal: signal ? AbortSignal.any([signal, left.signal]) : left.signal,
    sampling: featureSampling(stride, model.config.preprocessing),
    readout: readout.native,
  }
  const onClip = ({ start, end, values }: ClipOutput, framesPerSecond: number) => {
    queue.push({ ...clipTimes(start, end, framesPerSecond), values: readout.finish(values) }, false)
  }
  const work = predictions
    .run(() => readOutVideo(model, request, onClip), request.signal)
    .then(
      () => queue.end(),
      (error) => queue.end({ error }),
    )
  try {
    for (let next = await queue.take(); next; next = await queue.take()) yield next.event
  } finally {
    left.abort()
    await work
  }
}
