import { readFile } from 'node:fs/promises'
import { C3DError, fileError } from '../native/errors'

/** A float32 array as NumPy stores it, row-major. */
export interface NpyArray {
  data: Float32Array
  shape: number[]
}

const MAGIC = '\x93NUMPY'

/**
 * Reads a .npy file of float32 or float64 in C order, little-endian (format versions 1 to 3 of numpy.lib.format).
 *
 * @throws C3D_FILE_NOT_FOUND, C3D_FILE (cannot be read, or holds something else)
 */
export async function readNpy(file: string): Promise<NpyArray> {
  const bytes = await readFile(file).catch((error) => {
    throw fileError(error, `read '${file}'`)
  })
  try {
    return parseNpy(bytes)
  } catch (error) {
    throw new C3DError('C3D_FILE', `Cannot use '${file}': ${(error as Error).message}`, { cause: error })
  }
}

/** The same of the bytes of such a file. Throws an Error that says what is wrong with them. */
export function parseNpy(bytes: Buffer): NpyArray {
  if (bytes.length < 12 || bytes.toString('latin1', 0, 6) !== MAGIC)
    throw new Error('expected a .npy file, which begins with \\x93NUMPY')
  const major = bytes[6] ?? 0
  const [length, start] = major === 1 ? [bytes.readUInt16LE(8), 10] : [bytes.readUInt32LE(8), 12]
  const header = bytes.toString('latin1', start, start + length)
  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1]
  if (type !== '<f4' && type !== '<f8')
    throw new Error(`expected float32 or float64 values, little-endian, got '${type}'`)
  if (!/'fortran_order':\s*False/.test(header))
    throw new Error('expected values in C order; save it again with numpy.ascontiguousarray')
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? '')
    .split(',')
    .map((size) => size.trim())
    .filter((size) => size !== '')
    .map(Number)
  const size = type === '<f4' ? 4 : 8
  const count = shape.reduce((product, length) => product * length, 1)
  const values = bytes.subarray(start + length)
  if (values.length !== count * size)
    throw new Error(`expected ${count * size} bytes for shape [${shape}], got ${values.length}`)
  // A copy that begins where a typed array may; the machines that Node runs on are little-endian.
  const { buffer } = Uint8Array.from(values)
  return { data: size === 4 ? new Float32Array(buffer) : Float32Array.from(new Float64Array(buffer)), shape }
}

/** The bytes of a .npy file, format version 1. */
export function formatNpy({ data, shape }: NpyArray): Buffer {
  return Buffer.concat([npyHeader('<f4', shape), bytesOf(data)])
}

/**
 * What comes before the values.
 *
 * @param type as NumPy writes it: '<f4' for float32, '<i8' for 64-bit integers, '<U5' for texts of 5 characters
 */
export function npyHeader(type: string, shape: readonly number[]): Buffer {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${sizes}), }`
  const beforeText = 10
  // The values begin at a multiple of 64 bytes, and the header ends with a line feed.
  const total = Math.ceil((beforeText + text.length + 1) / 64) * 64
  const header = Buffer.alloc(total, ' ')
  header.write(MAGIC, 0, 'latin1')
  header.writeUInt8(1, 6)
  header.writeUInt8(0, 7)
  header.writeUInt16LE(total - beforeText, 8)
  header.write(text, beforeText, 'latin1')
  header.write('\n', total - 1, 'latin1')
  return header
}

/** The memory of a typed array. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
