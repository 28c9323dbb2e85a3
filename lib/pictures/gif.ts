import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Picture, withAlpha } from './picture'

/** Most that a GIF has. */
const COLOURS = 256

/** A GIF that repeats for ever, with a palette of its own for each frame. */
export async function encodeGif(pictures: Iterable<Picture>, framesPerSecond: number): Promise<Uint8Array> {
  // import() would find no names in it: its CommonJS form is made in a way that Node does not see through.
  const { applyPalette, GIFEncoder, quantize } = require('gifenc') as typeof import('gifenc')
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
