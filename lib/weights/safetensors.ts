import { open, readdir } from 'node:fs/promises'
import path from 'node:path'
import { C3DError, fileError } from '../native/errors'

/**
 * The safetensors format (github.com/huggingface/safetensors): 8 bytes, little-endian, the header's length; the
 * header, JSON padded with spaces; then the values of all tensors without gaps. This file reads and writes headers;
 * the values go straight between the file and LibTorch in the addon.
 */

/** Bytes of a value, by the format's names. */
const VALUE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const

export type TensorType = keyof typeof VALUE_BYTES

export interface TensorDescription {
  name: string
  dtype: TensorType
  shape: number[]
}

export interface TensorEntry extends TensorDescription {
  /** Place of the first value, counted from the start of the file. */
  offset: number
}

export interface TensorFile {
  tensors: TensorEntry[]
  metadata: Record<string, string>
}

const LENGTH_BYTES = 8
const ALIGNMENT = 8
/** The reference implementation's bound, so that a damaged length does not ask for all memory. */
const LONGEST_HEADER = 100_000_000
const METADATA_KEY = '__metadata__'

/** The JSON header of a file that holds `tensors` in this order, padded with spaces to a multiple of 8 bytes. */
export function buildHeader(tensors: readonly TensorDescription[], metadata: Record<string, string>): string {
  const header: Record<string, unknown> = { [METADATA_KEY]: metadata }
  let offset = 0
  for (const { name, dtype, shape } of tensors) {
    const end = offset + byteLength(dtype, shape)
    header[name] = { dtype, shape, data_offsets: [offset, end] }
    offset = end
  }
  const json = JSON.stringify(header)
  const bytes = Buffer.byteLength(json)
  return json + ' '.repeat(Math.ceil(bytes / ALIGNMENT) * ALIGNMENT - bytes)
}

/** Reads and checks the header of `file`. Throws C3D_FILE_NOT_FOUND, C3D_FILE or C3D_WEIGHTS, naming the file. */
export async function readTensorFile(file: string): Promise<TensorFile> {
  const { header, fileBytes } = await readHeaderBytes(file)
  return parseHeader(header, fileBytes, file)
}

async function readHeaderBytes(file: string): Promise<{ header: Buffer; fileBytes: number }> {
  const handle = await open(file).catch((error) => {
    throw fileError(error, `open '${file}'`)
  })
  try {
    const stats = await handle.stat()
    if (stats.isDirectory()) throw await notAFile(file)
    const fileBytes = stats.size
    if (fileBytes < LENGTH_BYTES)
      throw damaged(file, `it has ${fileBytes} bytes, fewer than its length field`)
    const prefix = Buffer.alloc(LENGTH_BYTES)
    await handle.read(prefix, 0, LENGTH_BYTES, 0)
    const length = prefix.readBigUInt64LE()
    if (length > LONGEST_HEADER || LENGTH_BYTES + Number(length) > fileBytes)
      throw damaged(
        file,
        `its header claims ${length} bytes, but the file has ${fileBytes} (cut off, or of another format?)`,
      )
    const header = Buffer.alloc(Number(length))
    await handle.read(header, 0, header.length, LENGTH_BYTES)
    return { header, fileBytes }
  } catch (error) {
    throw error instanceof C3DError ? error : fileError(error, `read '${file}'`)
  } finally {
    await handle.close()
  }
}

/** Whoever names the folder of a run means the model in it. */
async function notAFile(folder: string): Promise<C3DError> {
  const models = (await readdir(folder)).filter((name) => name.endsWith('.safetensors')).sort()
  const advice = models.length > 0 ? ` In it is '${path.join(folder, models[0] ?? '')}'.` : ''
  return new C3DError('C3D_WEIGHTS', `Expected a .safetensors file, but '${folder}' is a folder.${advice}`)
}

/** @param fileBytes size of the whole file, which the tensors must fill exactly */
export function parseHeader(header: Buffer, fileBytes: number, file: string): TensorFile {
  const { [METADATA_KEY]: metadata = {}, ...entries } = parseJson(header, file)
  const dataStart = LENGTH_BYTES + header.length
  const tensors = Object.entries(entries).map(([name, entry]) => parseEntry(name, entry, dataStart, file))
  requireContiguous(tensors, dataStart, fileBytes, file)
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === 'string'))
    throw damaged(file, `${METADATA_KEY} is not an object of texts`)
  return { tensors, metadata: metadata as Record<string, string> }
}

function parseJson(header: Buffer, file: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(header))
  } catch (error) {
    throw damaged(file, 'its header is not JSON', { cause: error })
  }
  if (!isRecord(value)) throw damaged(file, 'its header is not a JSON object')
  return value
}

function parseEntry(name: string, entry: unknown, dataStart: number, file: string): TensorEntry {
  const wrong = (what: string) => damaged(file, `tensor '${name}' ${what}`)
  if (!isRecord(entry)) throw wrong('has no description')
  const { dtype, shape, data_offsets: offsets } = entry
  if (typeof dtype !== 'string' || !Object.hasOwn(VALUE_BYTES, dtype))
    throw wrong(`has the unknown type ${JSON.stringify(dtype)}`)
  if (!isSizes(shape)) throw wrong(`has the impossible shape ${JSON.stringify(shape)}`)
  if (!isSizes(offsets) || offsets.length !== 2)
    throw wrong(`has impossible data_offsets ${JSON.stringify(offsets)}`)
  const [start = 0, end = 0] = offsets
  const type = dtype as TensorType
  const bytes = byteLength(type, shape)
  if (end - start !== bytes)
    throw wrong(`takes ${end - start} bytes, but ${dtype} of shape [${shape.join(', ')}] needs ${bytes}`)
  return { name, dtype: type, shape, offset: dataStart + start }
}

function requireContiguous(tensors: TensorEntry[], dataStart: number, fileBytes: number, file: string): void {
  let expectedOffset = dataStart
  for (const tensor of tensors.toSorted((a, b) => a.offset - b.offset)) {
    if (tensor.offset !== expectedOffset)
      throw damaged(
        file,
        `tensor '${tensor.name}' starts at byte ${tensor.offset}, expected ${expectedOffset}`,
      )
    expectedOffset += byteLength(tensor.dtype, tensor.shape)
  }
  if (expectedOffset !== fileBytes)
    throw damaged(file, `its tensors end at byte ${expectedOffset}, but the file has ${fileBytes} (cut off?)`)
}

function byteLength(dtype: TensorType, shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, VALUE_BYTES[dtype])
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function damaged(file: string, why: string, options?: ErrorOptions): C3DError {
  return new C3DError('C3D_WEIGHTS', `'${file}' is not a whole safetensors file: ${why}.`, options)
}
