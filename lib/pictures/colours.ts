import type { Colour, Picture } from './picture'

/** matplotlib's "inferno" (CC0) at quarters of its length: from black by violet and orange to light yellow. */
const INFERNO: readonly Colour[] = [
  [0, 0, 4],
  [87, 16, 110],
  [188, 55, 84],
  [249, 142, 9],
  [252, 255, 164],
]

/** Of 0 to 1. */
export function heatColour(heat: number): Colour {
  const at = Math.min(1, Math.max(0, heat)) * (INFERNO.length - 1)
  const low = Math.min(Math.floor(at), INFERNO.length - 2)
  const [from, to] = [INFERNO[low] as Colour, INFERNO[low + 1] as Colour]
  const mix = (channel: 0 | 1 | 2) => from[channel] + (to[channel] - from[channel]) * (at - low)
  return [mix(0), mix(1), mix(2)]
}

/** How much of the hottest pixel's colour is the heat's. */
const STRONGEST = 0.8

/** Of a frame's brightness, so that heat is brighter than what is cold. */
const DIMMED = 0.6

/** A frame in dim grey under the colours of its heat, which is 0 to 1 for each pixel. */
export function heated({ width, height, data }: Picture, heat: Float32Array): Picture {
  const mixed = new Uint8Array(data.length)
  heat.forEach((value, i) => {
    const [red = 0, green = 0, blue = 0] = data.subarray(3 * i, 3 * i + 3)
    const grey = DIMMED * (0.299 * red + 0.587 * green + 0.114 * blue)
    const share = STRONGEST * value
    const colour = heatColour(value)
    for (let channel = 0; channel < 3; channel++)
      mixed[3 * i + channel] = Math.round((1 - share) * grey + share * (colour[channel] ?? 0))
  })
  return { width, height, data: mixed }
}

/** Numbers of both signs as pixels: 0 is grey, `largest` and beyond, and their opposites, are as bright and dark as there is. */
export function signedPixels(values: Float32Array, largest: number): Uint8Array {
  const factor = largest > 0 ? 127 / largest : 0
  return Uint8Array.from(values, (value) => Math.round(128 + Math.max(-127, Math.min(127, value * factor))))
}

/** The largest absolute value. */
export function amplitude(values: Float32Array): number {
  return values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
}

/** Part of the values that are not 0 which `contrast` leaves below. */
const ORDINARY = 0.998

/** The absolute value that few exceed: against the largest of all, a single peak would make all others grey. */
export function contrast(values: Float32Array): number {
  const sorted = values
    .filter((value) => value !== 0)
    .map(Math.abs)
    .sort()
  return sorted[Math.ceil(ORDINARY * sorted.length) - 1] ?? 0
}
