import { setImmediate as nextTurn } from 'node:timers/promises'
import { applyPalette, GIFEncoder, quantize } from 'gifenc'
import type { Picture } from './picture'

/** Most that a GIF has. */
const COLOURS = 256

/** A GIF that repeats for ever, with a palette of its own for each frame. */
export async function encodeGif(pictures: Iterable<Picture>, framesPerSecond: number): Promise<Uint8Array> {
  const gif = GIFEncoder()
  for (const { width, height, data } of pictures) {
    const pixels = withAlpha(data)
    const palette = quantize(pixels, COLOURS)
    gif.writeFrame(applyPalette(pixels, palette), width, height, {
      palette,
      delay: 1000 / framesPerSecond,
      repeat: 0,
    })
    await nextTurn()
  }
  gif.finish()
  return gif.bytes()
}

function withAlpha(rgb: Uint8Array): Uint8Array {
  const rgba = new Uint8Array((rgb.length / 3) * 4).fill(255)
  for (let i = 0; i < rgb.length; i++) rgba[i + Math.floor(i / 3)] = rgb[i] as number
  return rgba
}
