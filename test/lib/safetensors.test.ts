import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { resolveModel } from '../../lib/config/model'
import { resolveTraining } from '../../lib/config/training'
import { readMetadata, writeMetadata } from '../../lib/weights/metadata'
import {
  buildHeader,
  parseHeader,
  readTensorFile,
  type TensorDescription,
} from '../../lib/weights/safetensors'

const tensors: TensorDescription[] = [
  { name: 'conv1a.weight', dtype: 'F32', shape: [2, 3] },
  { name: 'scalar', dtype: 'I64', shape: [] },
  { name: 'empty', dtype: 'F32', shape: [0, 4] },
]
const DATA_BYTES = 24 + 8

/** Reads `header`, in a file whose data are `dataBytes` long. */
function parse(header: unknown, dataBytes: number) {
  const bytes = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  return parseHeader(bytes, 8 + bytes.length + dataBytes, 'model.safetensors')
}

const entry = (dtype: unknown, shape: unknown, offsets: unknown) => ({ dtype, shape, data_offsets: offsets })

describe('header', () => {
  test('is read as it was written', () => {
    const header = buildHeader(tensors, { name: 'Größe' })
    expect(Buffer.byteLength(header) % 8).toBe(0)
    const { tensors: read, metadata } = parse(header, DATA_BYTES)
    const start = 8 + Buffer.byteLength(header)
    expect(metadata).toEqual({ name: 'Größe' })
    expect(read).toEqual([
      { ...tensors[0], offset: start },
      { ...tensors[1], offset: start + 24 },
      { ...tensors[2], offset: start + 32 },
    ])
  })

  test.each([
    ['no JSON', '{"a":', 0, 'its header is not JSON'],
    ['no object', '[]', 0, 'its header is not a JSON object'],
    ['an unknown type', { a: entry('F31', [1], [0, 4]) }, 4, 'tensor \'a\' has the unknown type "F31"'],
    ['a type from the prototype', { a: entry('toString', [1], [0, 4]) }, 4, 'unknown type'],
    ['a negative size', { a: entry('F32', [-1], [0, 4]) }, 4, 'impossible shape [-1]'],
    ['a fraction as size', { a: entry('F32', [1.5], [0, 6]) }, 6, 'impossible shape [1.5]'],
    ['offsets that are no pair', { a: entry('F32', [1], [0]) }, 4, 'impossible data_offsets [0]'],
    [
      'a size that does not fit',
      { a: entry('F32', [2], [0, 4]) },
      4,
      'takes 4 bytes, but F32 of shape [2] needs 8',
    ],
    ['a gap', { a: entry('F32', [1], [4, 8]) }, 8, "tensor 'a' starts at byte"],
    [
      'an overlap',
      { a: entry('F32', [1], [0, 4]), b: entry('F32', [1], [0, 4]) },
      4,
      "tensor 'b' starts at byte",
    ],
    ['a file cut off', { a: entry('F32', [2], [0, 8]) }, 4, '(cut off?)'],
    ['bytes left over', { a: entry('F32', [1], [0, 4]) }, 5, 'its tensors end at byte'],
    ['no description', { a: 3 }, 0, "tensor 'a' has no description"],
    ['metadata that are no texts', { __metadata__: { a: 1 } }, 0, '__metadata__ is not an object of texts'],
  ])('with %s is refused', (_, header, dataBytes, message) => {
    expect(() => parse(header, dataBytes)).toThrow(expect.objectContaining({ code: 'C3D_WEIGHTS' }))
    expect(() => parse(header, dataBytes)).toThrow(message)
    expect(() => parse(header, dataBytes)).toThrow('model.safetensors')
  })
})

describe('file', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'c3d-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  async function fileOf(...parts: Buffer[]): Promise<string> {
    const file = path.join(folder, 'model.safetensors')
    await writeFile(file, Buffer.concat(parts))
    return file
  }

  function lengthField(length: number | bigint): Buffer {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(BigInt(length))
    return bytes
  }

  test('is read', async () => {
    const header = Buffer.from(buildHeader(tensors, {}))
    const file = await fileOf(lengthField(header.length), header, Buffer.alloc(DATA_BYTES))
    expect((await readTensorFile(file)).tensors).toHaveLength(3)
  })

  test('that is missing is told', async () => {
    const file = path.join(folder, 'none.safetensors')
    await expect(readTensorFile(file)).rejects.toMatchObject({ code: 'C3D_FILE_NOT_FOUND' })
  })

  test('of a few bytes is refused', async () => {
    await expect(readTensorFile(await fileOf(Buffer.from('abc')))).rejects.toMatchObject({
      code: 'C3D_WEIGHTS',
    })
  })

  test.each([9n, 2n ** 63n, 100_000_001n])('whose header claims %d bytes is refused', async (length) => {
    const file = await fileOf(lengthField(length), Buffer.from('{}      '))
    await expect(readTensorFile(file)).rejects.toThrow(`its header claims ${length} bytes`)
  })

  test('is not its folder, but the folder tells where it is', async () => {
    const file = await fileOf(Buffer.from('abc'))
    const message = `Expected a .safetensors file, but '${path.dirname(file)}' is a folder. In it is '${file}'.`
    await expect(readTensorFile(path.dirname(file))).rejects.toMatchObject({ code: 'C3D_WEIGHTS', message })
  })
})

describe('metadata', () => {
  const { config } = resolveModel({ architecture: 'depth-3', classes: ['a', 'b'], preset: 'paper-section-3' })

  test('are read as they were written', () => {
    const training = resolveTraining({}, 'modern')
    const written = writeMetadata({ config, training })
    expect(written.format).toBe('pt')
    expect(readMetadata(written, 'm')).toEqual({ config, training })
    expect(readMetadata(writeMetadata({ config }), 'm')).toEqual({ config })
  })

  test('of another program are none', () => {
    expect(readMetadata({ format: 'pt' }, 'm')).toBeUndefined()
  })

  test('that are damaged or too new are told with the file', () => {
    expect(() => readMetadata({ 'torch-c3d': '{' }, 'm.safetensors')).toThrow(
      "The metadata of 'm.safetensors'",
    )
    expect(() => readMetadata({ 'torch-c3d': '{"formatVersion":2}' }, 'm')).toThrow('Use a newer torch-c3d')
    expect(() => readMetadata({ 'torch-c3d': '{"formatVersion":1}' }, 'm')).toThrow('at torch-c3d.classes')
  })
})
