import { open } from 'node:fs/promises'
import * as z from 'zod'
import { settings, text, wholeNumber } from '../config/fields'
import type { ModelConfig } from '../config/model'
import { parse } from '../config/parse'
import type { TrainingConfig } from '../config/training'
import type { NativeModel } from '../native/binding'
import { C3DError, fileError, messageOf } from '../native/errors'
import { locateTensors } from '../weights/locate-tensors'
import { type ModelMetadata, readMetadata, writeMetadata } from '../weights/metadata'
import { buildHeader, readTensorFile, type TensorFile } from '../weights/safetensors'
import { dataIdentitySchema } from './data-identity'

/**
 * A checkpoint is a model file with more in it: the momentum (`momentum.<key>`), the place in the training and the
 * dropout generator (`training.*`, native/core/training/checkpoint.h), and what the run reads and where it computes.
 */

/** The key of the metadata that makes a model file a checkpoint. */
const KEY = 'torch-c3d-run'
/** The same for the file of a trainer; see trainer-checkpoint.ts. */
export const TRAINER_KEY = 'torch-c3d-trainer'
const COUNTS = 'training.counts'

const runSchema = settings({
  formatVersion: z.literal(1),
  /** 'cpu' or 'cuda:<number>'. */
  device: text(),
  /** That the run computed with; not in the first version's checkpoints. */
  threads: wholeNumber({ atLeast: 1 }).optional(),
  training: dataIdentitySchema,
  validation: dataIdentitySchema.nullable(),
})

/** What a checkpoint says of its run, beside the model's own metadata. */
export type RunIdentity = Omit<z.output<typeof runSchema>, 'formatVersion'>

export interface Checkpoint {
  file: string
  contents: TensorFile
  model: ModelConfig
  training: TrainingConfig
  run: RunIdentity
  /** Complete epochs, and steps in all. */
  epochs: number
  steps: number
}

/** The header of a checkpoint; the addon adds the values. */
export function checkpointHeader(state: ModelMetadata & { native: NativeModel }, run: RunIdentity): string {
  const { native } = state
  const metadata = { ...writeMetadata(state), [KEY]: JSON.stringify({ formatVersion: 1, ...run }) }
  return buildHeader([...native.tensors(), ...native.trainingTensors()], metadata)
}

/** Whether a file holds more than a model: its tensors beside the model's are a training's. */
export function isCheckpoint({ metadata }: TensorFile): boolean {
  return Object.hasOwn(metadata, KEY) || Object.hasOwn(metadata, TRAINER_KEY)
}

/** @throws C3D_FILE_NOT_FOUND, C3D_FILE, C3D_WEIGHTS (damaged, or no checkpoint) */
export async function readCheckpoint(file: string): Promise<Checkpoint> {
  const contents = await readTensorFile(file)
  const metadata = readMetadata(contents.metadata, file)
  const run = readRun(contents, file)
  if (!metadata?.training || !run)
    throw new C3DError('C3D_WEIGHTS', `'${file}' is no checkpoint: it does not say how it was trained.`)
  const [epoch = 1, , steps = 0] = await readCounts(file, contents)
  return {
    file,
    contents,
    model: metadata.config,
    training: metadata.training,
    run,
    epochs: epoch - 1,
    steps,
  }
}

/** Where its values lie. Throws C3D_WEIGHTS where they do not fit the model. */
export function locateCheckpoint({ file, contents }: Checkpoint, native: NativeModel) {
  return locateTensors(file, contents, [...native.tensors(), ...native.trainingTensors()], () => false)
}

function readRun({ metadata }: TensorFile, file: string): RunIdentity | undefined {
  const json = metadata[KEY]
  if (json === undefined) return undefined
  try {
    const { formatVersion: _, ...run } = parse(runSchema, JSON.parse(json), KEY)
    return run
  } catch (error) {
    throw new C3DError('C3D_WEIGHTS', `The metadata of '${file}' cannot be used: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

async function readCounts(file: string, { tensors }: TensorFile): Promise<number[]> {
  const tensor = tensors.find(({ name, dtype }) => name === COUNTS && dtype === 'I64')
  if (!tensor) throw new C3DError('C3D_WEIGHTS', `'${file}' is no checkpoint: it has no '${COUNTS}'.`)
  const values = Buffer.alloc(8 * (tensor.shape[0] ?? 0))
  try {
    await using handle = await open(file)
    await handle.read(values, 0, values.length, tensor.offset)
  } catch (error) {
    throw fileError(error, `read '${file}'`)
  }
  return Array.from({ length: values.length / 8 }, (_, i) => Number(values.readBigInt64LE(8 * i)))
}
