/** Pictures that tell their number: eight blocks in the corner are its bits, and the rest moves. */

const BITS = 8
const BLOCK = 8

export interface Size {
  width: number
  height: number
}

/** RGB, uint8 [height, width, 3]; the width must be at least 64, the number below 256. */
export function numberedPicture(number: number, { width, height }: Size): Uint8Array {
  const picture = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3
      if (y < BLOCK && x < BITS * BLOCK) {
        picture.fill((number >> Math.floor(x / BLOCK)) & 1 ? 230 : 25, at, at + 3)
      } else {
        picture[at] = wave(x + 2 * number)
        picture[at + 1] = wave(y - 3 * number)
        picture[at + 2] = wave(x + y + 5 * number)
      }
    }
  return picture
}

/** Rises and falls between 28 and 228 every 64 pixels. */
function wave(position: number): number {
  const phase = ((position % 64) + 64) % 64
  return Math.round(28 + (200 * (phase < 32 ? phase : 64 - phase)) / 32)
}

export function* numberedPictures(count: number, size: Size): Generator<Uint8Array> {
  for (let number = 0; number < count; number++) yield numberedPicture(number, size)
}

/** The number of a picture that was encoded and decoded. */
export function numberOf(picture: Uint8Array, width: number): number {
  let number = 0
  for (let bit = 0; bit < BITS; bit++) {
    const middle = ((BLOCK / 2) * width + bit * BLOCK + BLOCK / 2) * 3
    if ((picture[middle + 1] ?? 0) > 128) number |= 1 << bit
  }
  return number
}
