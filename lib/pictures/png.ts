import type { Picture } from './picture'

/** Encodes on the threads that zlib has. */
export async function encodePng({ width, height, data }: Picture): Promise<Buffer> {
  const { PNG } = await import('pngjs')
  const png = new PNG({ width, height, colorType: 2, inputColorType: 2, inputHasAlpha: false })
  png.data = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const pieces: Buffer[] = []
  return new Promise((resolve, reject) => {
    png
      .pack()
      .on('data', (piece: Buffer) => pieces.push(piece))
      .on('end', () => resolve(Buffer.concat(pieces)))
      .on('error', reject)
  })
}
