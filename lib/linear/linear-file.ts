import { open } from 'node:fs/promises'
import type * as z from 'zod'
import { parse } from '../config/parse'
import { bytesOf } from '../files/npy'
import { replaceFile } from '../files/replace-file'
import { C3DError, messageOf } from '../native/errors'
import { buildHeader, readTensorFile } from '../weights/safetensors'

/** Linear models as safetensors files: float64 tensors, and JSON under a key of the metadata. */
export interface LinearFile<T> {
  content: T
  tensors: Record<string, Float64Array>
}

export async function writeLinearFile(
  file: string,
  key: string,
  content: object,
  tensors: Readonly<Record<string, { data: Float64Array; shape: number[] }>>,
): Promise<void> {
  const descriptions = Object.entries(tensors).map(([name, { shape }]) => ({
    name,
    dtype: 'F64' as const,
    shape,
  }))
  const header = Buffer.from(buildHeader(descriptions, { [key]: JSON.stringify(content) }))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  await replaceFile(
    file,
    Buffer.concat([length, header, ...Object.values(tensors).map(({ data }) => bytesOf(data))]),
  )
}

/**
 * @param shapesOf shapes of the tensors that the content asks for
 * @throws C3D_FILE_NOT_FOUND, C3D_FILE, C3D_WEIGHTS (some other file, or a damaged one)
 */
export async function readLinearFile<T extends z.ZodType>(
  file: string,
  key: string,
  schema: T,
  shapesOf: (content: z.output<T>) => Readonly<Record<string, number[]>>,
): Promise<LinearFile<z.output<T>>> {
  const { tensors: found, metadata } = await readTensorFile(file)
  const json = metadata[key]
  if (json === undefined)
    throw new C3DError('C3D_WEIGHTS', `Expected a file with the metadata '${key}', but '${file}' has none.`)
  let content: z.output<T>
  try {
    content = parse(schema, JSON.parse(json), key)
  } catch (error) {
    throw new C3DError('C3D_WEIGHTS', `The metadata of '${file}' cannot be used: ${messageOf(error)}`, {
      cause: error,
    })
  }
  const tensors: Record<string, Float64Array> = {}
  const handle = await open(file)
  try {
    for (const [name, shape] of Object.entries(shapesOf(content))) {
      const tensor = found.find((candidate) => candidate.name === name)
      if (tensor?.dtype !== 'F64' || tensor.shape.join() !== shape.join())
        throw new C3DError(
          'C3D_WEIGHTS',
          `Expected F64 [${shape.join(', ')}] for '${name}' in '${file}', got ${tensor ? `${tensor.dtype} [${tensor.shape.join(', ')}]` : 'nothing'}.`,
        )
      const data = new Float64Array(shape.reduce((product, size) => product * size, 1))
      await handle.read(bytesOf(data), 0, data.byteLength, tensor.offset)
      tensors[name] = data
    }
  } finally {
    await handle.close()
  }
  return { content, tensors }
}
