import { type FileHandle, open, readFile, rm } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { bytesOf } from '../files/npy'
import { fileError, systemCode } from '../native/errors'

/** What is kept of one video. */
export interface ProgressRecord<T> {
  content: T
  values: Float32Array
}

/** Lengths of JSON and values in bytes, and the checksum of both. */
const HEADER_BYTES = 12

/**
 * What an extraction has done so far: an append-only file. The first record says of what it is; a record that a kill
 * left half written is told by its checksum and cut off.
 */
export class ProgressFile<T> {
  readonly records: readonly ProgressRecord<T>[]
  readonly #file: string
  readonly #handle: FileHandle

  private constructor(file: string, handle: FileHandle, records: readonly ProgressRecord<T>[]) {
    this.#file = file
    this.#handle = handle
    this.records = records
  }

  /**
   * Goes on with the file if it is of the same work, else begins it anew.
   *
   * @param identity what the results depend on
   * @throws C3D_FILE
   */
  static async open<T>(file: string, identity: unknown): Promise<ProgressFile<T>> {
    try {
      const bytes = await readFile(file).catch((error) => {
        if (systemCode(error) === 'ENOENT') return Buffer.alloc(0)
        throw error
      })
      const { records, end } = parseRecords(bytes)
      const [first, ...rest] = records
      const goesOn = first !== undefined && JSON.stringify(first.content) === JSON.stringify(identity)
      const handle = await open(file, 'a')
      await handle.truncate(goesOn ? end : 0)
      const progress = new ProgressFile<T>(file, handle, goesOn ? (rest as ProgressRecord<T>[]) : [])
      if (!goesOn) await handle.appendFile(formatRecord(identity, new Float32Array()))
      return progress
    } catch (error) {
      throw fileError(error, `keep what is done in '${file}'`)
    }
  }

  /** Throws C3D_FILE. */
  async append(content: T, values: Float32Array): Promise<void> {
    await this.#handle.appendFile(formatRecord(content, values)).catch((error) => {
      throw fileError(error, `keep what is done in '${this.#file}'`)
    })
  }

  /** Lets go of the file, and leaves it. */
  async close(): Promise<void> {
    await this.#handle.close()
  }

  /** It is not needed any more. */
  async remove(): Promise<void> {
    await this.close()
    await rm(this.#file, { force: true })
  }
}

function formatRecord(content: unknown, values: Float32Array): Buffer {
  const json = Buffer.from(JSON.stringify(content))
  const body = Buffer.concat([json, bytesOf(values)])
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32LE(json.length, 0)
  header.writeUInt32LE(body.length - json.length, 4)
  header.writeUInt32LE(crc32(body), 8)
  return Buffer.concat([header, body])
}

/** All whole records from the beginning on, and where they end. */
function parseRecords(bytes: Buffer): { records: ProgressRecord<unknown>[]; end: number } {
  const records: ProgressRecord<unknown>[] = []
  let at = 0
  while (at + HEADER_BYTES <= bytes.length) {
    const jsonBytes = bytes.readUInt32LE(at)
    const end = at + HEADER_BYTES + jsonBytes + bytes.readUInt32LE(at + 4)
    const body = bytes.subarray(at + HEADER_BYTES, end)
    if (end > bytes.length || crc32(body) !== bytes.readUInt32LE(at + 8)) break
    records.push({
      content: JSON.parse(body.toString('utf8', 0, jsonBytes)),
      values: new Float32Array(Uint8Array.from(body.subarray(jsonBytes)).buffer),
    })
    at = end
  }
  return { records, end: at }
}
