import { open, readFile } from 'node:fs/promises'
import path from 'node:path'
import * as z from 'zod'
import { settings, wholeNumber } from '../config/fields'
import { parse } from '../config/parse'
import { bytesOf, type NpyArray, npyHeader, parseNpy, readNpy } from '../files/npy'
import { formatNpz, readZip } from '../files/npz'
import { inPieces, replaceFile } from '../files/replace-file'
import { C3DError, fileError, messageOf } from '../native/errors'
import { buildHeader, readTensorFile } from '../weights/safetensors'
import { type FeatureRow, FeatureSet } from './feature-set'
import { csvRows, jsonLines } from './feature-text'

/** Feature sets as files. What the rows are is JSON, beside or inside. */

interface Format {
  write(file: string, features: FeatureSet): Promise<void>
  read?(file: string): Promise<FeatureSet>
}

const formats: Readonly<Record<string, Format>> = {
  '.npy': { write: writeNpy, read: readNpyFile },
  '.npz': { write: writeNpz, read: readNpz },
  '.safetensors': { write: writeSafetensors, read: readSafetensors },
  '.jsonl': {
    write: (file, features) => replaceFile(file, jsonLines(features, describe(features))),
    read: readJsonLines,
  },
  '.csv': { write: (file, features) => replaceFile(file, csvRows(features)) },
}

/**
 * Writes features, by the file's ending: .npy (float32 [rows, dimensions]; what the rows are goes to `<file>.json`),
 * .npz (features, labels, paths and classes), .safetensors, .jsonl (an object a row, behind one for all), or .csv.
 *
 * @throws C3D_INVALID_ARGUMENT (another ending), C3D_FILE
 */
export async function saveFeatures(file: string, features: FeatureSet): Promise<void> {
  await featureFormat(file).write(file, features)
}

/**
 * Reads features that were written to any kind of file but .csv.
 *
 * @throws C3D_INVALID_ARGUMENT (another ending), C3D_FILE_NOT_FOUND, C3D_FILE (no features of this package)
 */
export async function loadFeatures(file: string): Promise<FeatureSet> {
  const { read } = featureFormat(file)
  if (!read)
    throw new C3DError(
      'C3D_INVALID_ARGUMENT',
      `Expected a .npy, .npz, .safetensors or .jsonl file of features, got '${file}': .csv is for other programs.`,
    )
  try {
    return await read(file)
  } catch (error) {
    if (error instanceof C3DError && error.code !== 'C3D_INVALID_CONFIG') throw error
    throw new C3DError('C3D_FILE', `Cannot use '${file}' as features: ${messageOf(error)}`, { cause: error })
  }
}

/** By the file's ending; throws C3D_INVALID_ARGUMENT for one that is not known. */
export function featureFormat(file: string): Format {
  const format = formats[path.extname(file).toLowerCase()]
  if (format) return format
  throw new C3DError(
    'C3D_INVALID_ARGUMENT',
    `Expected a name that ends with ${Object.keys(formats).join(', ')} for features, got '${file}'.`,
  )
}

const FORMAT_VERSION = 1
const KEY = 'torch-c3d-features'

const rowSchema = settings({
  path: z.string(),
  label: z.string(),
  labels: z.array(z.string()).optional(),
  group: wholeNumber({ atLeast: 0 }),
  start: wholeNumber({ atLeast: 0 }).optional(),
  end: wholeNumber({ atLeast: 0 }).optional(),
})

const headSchema = settings({
  formatVersion: z.literal(FORMAT_VERSION),
  layer: z.string(),
  classes: z.array(z.string()),
})

const descriptionSchema = headSchema.extend({ rows: z.array(rowSchema) })

function describe({ layer, classes }: FeatureSet): z.output<typeof headSchema> {
  return { formatVersion: FORMAT_VERSION, layer, classes: [...classes] }
}

function descriptionJson(features: FeatureSet): string {
  return JSON.stringify({ ...describe(features), rows: features.rows })
}

function assemble(json: string, { data, shape }: NpyArray): FeatureSet {
  const { rows, classes, layer } = parse(descriptionSchema, JSON.parse(json), 'features')
  if (shape.length !== 2 || shape[0] !== rows.length)
    throw new Error(`expected ${rows.length} rows of values, got the shape [${shape.join(', ')}]`)
  return new FeatureSet({ data, rows: rows.map(toRow), classes, layer })
}

/** Without the keys that are there but undefined. */
function toRow(row: z.output<typeof rowSchema>): FeatureRow {
  return JSON.parse(JSON.stringify(row)) as FeatureRow
}

const shapeOf = ({ rows, dimensions }: FeatureSet) => [rows.length, dimensions]

async function writeNpy(file: string, features: FeatureSet): Promise<void> {
  await replaceFile(`${file}.json`, descriptionJson(features))
  await replaceFile(file, inPieces(npyHeader('<f4', shapeOf(features)), bytesOf(features.data)))
}

async function readNpyFile(file: string): Promise<FeatureSet> {
  const array = await readNpy(file)
  const json = await readFile(`${file}.json`, 'utf8').catch((error) => {
    throw fileError(error, `read '${file}.json', which says what the rows of '${file}' are`)
  })
  return assemble(json, array)
}

async function writeNpz(file: string, features: FeatureSet): Promise<void> {
  const { rows, classes, data } = features
  const arrays = {
    features: { shape: shapeOf(features), values: data },
    labels: { shape: [rows.length], values: labelNumbers(features) },
    paths: { shape: [rows.length], values: rows.map((row) => row.path) },
    classes: { shape: [classes.length], values: classes },
  }
  const others = { 'features.json': Buffer.from(descriptionJson(features)) }
  await replaceFile(file, formatNpz(arrays, others))
}

async function readNpz(file: string): Promise<FeatureSet> {
  const bytes = await readFile(file).catch((error) => {
    throw fileError(error, `read '${file}'`)
  })
  const files = await readZip(bytes)
  const [array, json] = [files['features.npy'], files['features.json']]
  if (!array || !json) throw new Error("expected 'features.npy' and 'features.json' in it")
  return assemble(Buffer.from(json).toString('utf8'), parseNpy(Buffer.from(array)))
}

/** -1 where there is none, or several. */
function labelNumbers({ rows, classes }: FeatureSet): BigInt64Array {
  const numbers = new Map(classes.map((name, number) => [name, number]))
  return BigInt64Array.from(rows, ({ label, labels }) => BigInt(labels ? -1 : (numbers.get(label) ?? -1)))
}

async function writeSafetensors(file: string, features: FeatureSet): Promise<void> {
  const header = buildHeader(
    [
      { name: 'features', dtype: 'F32', shape: shapeOf(features) },
      { name: 'labels', dtype: 'I64', shape: [features.rows.length] },
    ],
    { [KEY]: descriptionJson(features) },
  )
  const json = Buffer.from(header)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  const values = [bytesOf(features.data), bytesOf(labelNumbers(features))]
  await replaceFile(file, inPieces(length, json, ...values))
}

async function readSafetensors(file: string): Promise<FeatureSet> {
  const { tensors, metadata } = await readTensorFile(file)
  const tensor = tensors.find(({ name, dtype }) => name === 'features' && dtype === 'F32')
  const json = metadata[KEY]
  if (!tensor || json === undefined)
    throw new Error(`expected a float32 tensor 'features' and metadata '${KEY}' in it`)
  const data = new Float32Array(tensor.shape.reduce((product, size) => product * size, 1))
  const handle = await open(file)
  try {
    await handle.read(bytesOf(data), 0, data.byteLength, tensor.offset)
  } finally {
    await handle.close()
  }
  return assemble(json, { data, shape: tensor.shape })
}

async function readJsonLines(file: string): Promise<FeatureSet> {
  const text = await readFile(file, 'utf8').catch((error) => {
    throw fileError(error, `read '${file}'`)
  })
  const [first = '', ...lines] = text.trimEnd().split('\n')
  const { layer, classes } = parse(headSchema, JSON.parse(first), 'line 1')
  const rowWithValues = rowSchema.extend({ features: z.array(z.number()) })
  const parsed = lines.map((line, i) => parse(rowWithValues, JSON.parse(line), `line ${i + 2}`))
  const rows = parsed.map(({ features: _, ...row }) => toRow(row))
  const data = Float32Array.from(parsed.flatMap(({ features }) => features))
  return new FeatureSet({ data, rows, classes, layer })
}
