import type { ModelConfig } from '../config/model'
import type { Frames } from '../frames'
import type { Clip } from './read-clip'

/** The pixels of a clip in the order red, green, blue. */
export function clipFrames({ pixels, shape }: Clip, { preprocessing }: ModelConfig): Frames {
  const [, frames, height, width] = shape
  const data = pixels.slice()
  if (preprocessing.channelOrder === 'bgr') swapRedAndBlue(data)
  return { data, shape: [frames, height, width, 3] }
}

/** In place, of values [..., 3]. */
export function swapRedAndBlue(values: Uint8Array | Float32Array): void {
  for (let i = 0; i + 2 < values.length; i += 3) {
    const first = values[i] as number
    values[i] = values[i + 2] as number
    values[i + 2] = first
  }
}

/**
 * [3, frames, height, width] in the model's order of channels to [frames, height, width, 3] in the order red, green,
 * blue.
 */
export function channelsLast(values: Float32Array, { preprocessing }: ModelConfig): Float32Array {
  const places = values.length / 3
  const last = new Float32Array(values.length)
  for (let channel = 0; channel < 3; channel++)
    for (let place = 0; place < places; place++)
      last[3 * place + channel] = values[channel * places + place] as number
  if (preprocessing.channelOrder === 'bgr') swapRedAndBlue(last)
  return last
}
