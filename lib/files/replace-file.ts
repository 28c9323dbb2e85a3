import { open, rename, rm } from 'node:fs/promises'
import { fileError } from '../native/errors'

/**
 * Writes a file beside its place and renames it into it: at any moment the place holds what was there before or all of
 * the new contents.
 *
 * @throws C3D_FILE, and then nothing has changed
 */
export async function replaceFile(
  file: string,
  contents: Uint8Array | string | AsyncIterable<Uint8Array | string>,
): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`
  try {
    const handle = await open(temporary, 'w')
    try {
      if (typeof contents === 'string' || contents instanceof Uint8Array) await handle.writeFile(contents)
      else for await (const piece of contents) await handle.writeFile(piece)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw fileError(error, `write '${file}'`)
  }
}

/** Contents that need not lie in memory in one piece. */
export async function* inPieces(...pieces: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces
}
