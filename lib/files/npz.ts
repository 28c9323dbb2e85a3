import { bytesOf, npyHeader } from './npy'

/** An array of a .npz file, by its values: float32, 64-bit integers, or texts. */
export type NpzArray = { shape: readonly number[]; values: Float32Array | BigInt64Array | readonly string[] }

/** Small enough to let other work come between. */
const CHUNK_BYTES = 1 << 20

/**
 * The bytes of a .npz file, piece by piece: a zip file, not compressed, of a .npy file for each array, and of other
 * files as they are.
 */
export async function* formatNpz(
  arrays: Readonly<Record<string, NpzArray>>,
  others: Readonly<Record<string, Uint8Array>>,
): AsyncGenerator<Uint8Array> {
  const { Zip, ZipPassThrough } = await import('fflate')
  let pieces: Uint8Array[] = []
  const zip = new Zip((error, piece) => {
    if (error) throw error
    pieces.push(piece)
  })
  const files = [
    ...Object.entries(arrays).map(([name, array]) => [`${name}.npy`, npyParts(array)] as const),
    ...Object.entries(others).map(([name, bytes]) => [name, [bytes]] as const),
  ]
  for (const [name, parts] of files) {
    const entry = new ZipPassThrough(name)
    zip.add(entry)
    for (const part of parts)
      for (let at = 0; at < part.length; at += CHUNK_BYTES) {
        entry.push(part.subarray(at, at + CHUNK_BYTES))
        yield* pieces
        pieces = []
      }
    entry.push(new Uint8Array(), true)
  }
  zip.end()
  yield* pieces
}

/** The files in a zip file, by name. */
export async function readZip(bytes: Uint8Array): Promise<Record<string, Uint8Array>> {
  const { unzip } = await import('fflate')
  return new Promise((resolve, reject) => {
    unzip(bytes, (error, files) => (error ? reject(error) : resolve(files)))
  })
}

function npyParts({ shape, values }: NpzArray): Uint8Array[] {
  if ('buffer' in values)
    return [npyHeader(values.BYTES_PER_ELEMENT === 8 ? '<i8' : '<f4', shape), bytesOf(values)]
  const texts = values.map((text) => [...text])
  const longest = Math.max(1, ...texts.map((text) => text.length))
  const codes = new Uint32Array(texts.length * longest) // NumPy's texts are UTF-32, filled up with zeros
  texts.forEach((text, row) => {
    text.forEach((character, i) => {
      codes[row * longest + i] = character.codePointAt(0) ?? 0
    })
  })
  return [npyHeader(`<U${longest}`, shape), bytesOf(codes)]
}
