import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod'
import { finiteNumber, settings, show, text, wholeNumber } from '../config/fields'
import { invalid, parse } from '../config/parse'
import type { TrainerConfig } from '../config/trainer'
import type { NativeModel } from '../native/binding'
import { C3DError, messageOf } from '../native/errors'
import { locateTensors } from '../weights/locate-tensors'
import { type ModelMetadata, writeMetadata } from '../weights/metadata'
import { buildHeader, readTensorFile } from '../weights/safetensors'
import { TRAINER_KEY } from './checkpoint'

/** What the file of a trainer says beside the model's own metadata. */
const trainerSchema = settings({
  formatVersion: z.literal(1),
  /** 'cpu' or 'cuda:<number>'. */
  device: text(),
  threads: wholeNumber({ atLeast: 1 }),
  config: z.custom<TrainerConfig>(),
  /** Set by hand; null: the schedule's. */
  learningRate: finiteNumber({ above: 0 }).nullable(),
})

export type TrainerRecord = Omit<z.output<typeof trainerSchema>, 'formatVersion'>

/** The header of the file; the addon adds the values. They are those of a run's checkpoint. */
export function trainerHeader(state: ModelMetadata & { native: NativeModel }, record: TrainerRecord): string {
  const { native } = state
  const metadata = {
    ...writeMetadata(state),
    [TRAINER_KEY]: JSON.stringify({ formatVersion: 1, ...record }),
  }
  return buildHeader([...native.tensors(), ...native.trainingTensors()], metadata)
}

/**
 * What a file says of its trainer, and where its values lie.
 *
 * @throws C3D_FILE_NOT_FOUND, C3D_FILE, C3D_WEIGHTS (damaged, of another network, or of no trainer)
 */
export async function readTrainerFile(file: string, native: NativeModel) {
  const contents = await readTensorFile(file)
  const json = contents.metadata[TRAINER_KEY]
  if (json === undefined)
    throw new C3DError(
      'C3D_WEIGHTS',
      `'${file}' was not saved by a trainer: it does not say how it was trained.`,
    )
  const tensors = locateTensors(
    file,
    contents,
    [...native.tensors(), ...native.trainingTensors()],
    () => false,
  )
  try {
    const record: TrainerRecord = parse(trainerSchema, JSON.parse(json), TRAINER_KEY)
    return { record, tensors }
  } catch (error) {
    throw new C3DError('C3D_WEIGHTS', `The metadata of '${file}' cannot be used: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** Throws C3D_INVALID_CONFIG unless both would make the same steps. */
export function requireSameTrainer(
  recorded: TrainerRecord,
  own: Pick<TrainerRecord, 'device' | 'config'>,
): void {
  const kind = (device: string) => device.split(':')[0]
  if (kind(recorded.device) !== kind(own.device))
    throw invalid(
      'trainer',
      `it was saved on ${recorded.device}, this model is on ${own.device}: the random numbers of the two differ`,
    )
  const before = JSON.parse(JSON.stringify(recorded.config)) as Record<string, unknown>
  const now = JSON.parse(JSON.stringify(own.config)) as Record<string, unknown>
  for (const key of new Set([...Object.keys(before), ...Object.keys(now)]))
    if (!isDeepStrictEqual(before[key], now[key]))
      throw invalid(
        `trainer.${key}`,
        `a trainer goes on with its settings: the file has ${show(before[key])}, this trainer ${show(now[key])}`,
      )
}
