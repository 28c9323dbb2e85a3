import { readFile } from 'node:fs/promises'
import { bytesOf } from '../files/npy'
import { replaceFile } from '../files/replace-file'
import { C3DError, fileError } from '../native/errors'

/** Activations of one clip. */
export interface ClipActivations {
  /** Row-major, in the order of `shape`. */
  data: Float32Array
  /** [channels, frames, height, width]; all but the first are 1 for linear layers. */
  shape: [number, number, number, number]
}

/**
 * The feature file of C3D's Caffe code: five int32, which are the number of clips (1), channels, frames, height and
 * width, then the activations as float32; all little-endian.
 */
const HEADER_BYTES = 20

/** Throws C3D_FILE. */
export async function writeC3dFile(file: string, { data, shape }: ClipActivations): Promise<void> {
  const header = Buffer.alloc(HEADER_BYTES)
  for (const [i, size] of [1, ...shape].entries()) header.writeInt32LE(size, 4 * i)
  await replaceFile(file, Buffer.concat([header, bytesOf(data)]))
}

/** Throws C3D_FILE_NOT_FOUND, C3D_FILE (cannot be read, or is no such file). */
export async function readC3dFile(file: string): Promise<ClipActivations> {
  const bytes = await readFile(file).catch((error) => {
    throw fileError(error, `read '${file}'`)
  })
  const sizes = Array.from({ length: 5 }, (_, i) =>
    bytes.length < HEADER_BYTES ? 0 : bytes.readInt32LE(4 * i),
  )
  const [clips, channels = 0, frames = 0, height = 0, width = 0] = sizes
  const count = channels * frames * height * width
  if (clips !== 1 || sizes.some((size) => size < 1) || bytes.length !== HEADER_BYTES + 4 * count)
    throw new C3DError(
      'C3D_FILE',
      `Cannot use '${file}': expected five int32 (1, channels, frames, height, width) and as many float32, got [${sizes.join(', ')}] and ${bytes.length} bytes.`,
    )
  const data = new Float32Array(Uint8Array.from(bytes.subarray(HEADER_BYTES)).buffer)
  return { data, shape: [channels, frames, height, width] }
}
