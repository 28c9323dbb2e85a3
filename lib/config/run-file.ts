import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { C3DError, fileError, messageOf } from '../native/errors'
import { settings, text } from './fields'
import { type ModelSettings, modelSchema } from './model'
import { parse } from './parse'
import { type TrainingSettings, trainingSchema } from './training'

/** What `--config` reads: the settings of a model and of a training. The config.json of a run is one. */
export interface RunFile {
  model?: ModelSettings | undefined
  training?: TrainingSettings | undefined
}

const runFileSchema = settings({
  model: modelSchema.optional(),
  training: trainingSchema.optional(),
  /** What a run writes beside, for people; not read. */
  package: text().optional(),
  data: z.unknown().optional(),
  command: z.unknown().optional(),
})

/** Throws C3D_FILE_NOT_FOUND, C3D_FILE or C3D_INVALID_CONFIG, naming the file. */
export async function readRunFile(file: string): Promise<RunFile> {
  const content = await readJson(file)
  parse(runFileSchema, content, file)
  // As the user wrote it, without defaults, so that command-line options and presets can still complete it.
  const { model, training } = content as RunFile
  return { model, training }
}

export async function readJson(file: string): Promise<unknown> {
  const json = await readFile(file, 'utf8').catch((error) => {
    throw fileError(error, `read '${file}'`)
  })
  try {
    return JSON.parse(json)
  } catch (error) {
    throw new C3DError('C3D_INVALID_CONFIG', `'${file}' is not JSON: ${messageOf(error)}`, { cause: error })
  }
}
