import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { encodePng } from './png'

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface FrameFolders {
  /** `<class>/<video>/<frame>.png` */
  folder: string
  /** Of every video in the order of the data set: uint8 [frames, height, width, 3]. */
  pixels: Uint8Array[]
  labels: number[]
}

/** A data set of frame folders with random pixels. Classes: a, b, c, …; the videos of a class: 0, 1, … */
export function makeFrameFolders(
  folder: string,
  size: { classes: number; videos: number; frames: number; width: number; height: number; seed?: number },
): FrameFolders {
  const random = randomNumbers(size.seed ?? 1)
  const frameBytes = size.width * size.height * 3
  const made: FrameFolders = { folder, pixels: [], labels: [] }
  for (let label = 0; label < size.classes; label++)
    for (let video = 0; video < size.videos; video++) {
      const target = path.join(folder, String.fromCharCode(97 + label), String(video))
      mkdirSync(target, { recursive: true })
      const pixels = Uint8Array.from({ length: size.frames * frameBytes }, () => Math.floor(random() * 256))
      for (let frame = 0; frame < size.frames; frame++) {
        const part = pixels.subarray(frame * frameBytes, (frame + 1) * frameBytes)
        writeFileSync(path.join(target, `${frame}.png`), encodePng(part, size.width, size.height))
      }
      made.pixels.push(pixels)
      made.labels.push(label)
    }
  return made
}
