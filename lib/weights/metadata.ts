import * as z from 'zod'
import { architectureSchema, resolveArchitecture } from '../config/architectures'
import { flag, seed, settings, text } from '../config/fields'
import { initializerSchema, type ModelConfig } from '../config/model'
import { parse } from '../config/parse'
import { preprocessingSchema, resolvePreprocessing } from '../config/preprocessing'
import { defaultPreset, presetNames, presets } from '../config/presets'
import type { TrainingConfig } from '../config/training'
import { C3DError } from '../native/errors'
import { packageVersion } from '../package-info'

/** The key of a safetensors file's metadata that holds this package's JSON. */
const KEY = 'torch-c3d'
/** Raised when files are written that earlier versions would misread. */
const FORMAT_VERSION = 1

/** What a saved file says about its weights. */
export interface ModelMetadata {
  config: ModelConfig
  /** How the weights were trained, if they were. */
  training?: TrainingConfig
}

export function writeMetadata({ config, training }: ModelMetadata): Record<string, string> {
  const content = { formatVersion: FORMAT_VERSION, packageVersion, ...config, training }
  // 'pt': the tensors are named and laid out as PyTorch does, which its loaders ask for.
  return { format: 'pt', [KEY]: JSON.stringify(content) }
}

const contentSchema = settings({
  formatVersion: z.literal(FORMAT_VERSION),
  packageVersion: text(),
  preset: z.enum(presetNames).catch(defaultPreset),
  architecture: architectureSchema,
  classes: z.array(text()).min(2),
  preprocessing: preprocessingSchema,
  /** Not in files from before there were multi-label models. */
  multiLabel: flag().default(false),
  initializer: initializerSchema,
  seed: seed(),
  training: z.custom<TrainingConfig>().optional(),
})

/** This package's metadata of a file; undefined when another program wrote it. Throws C3D_WEIGHTS on damaged ones. */
export function readMetadata(metadata: Record<string, string>, file: string): ModelMetadata | undefined {
  const json = metadata[KEY]
  if (json === undefined) return undefined
  try {
    return parseContent(JSON.parse(json))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new C3DError('C3D_WEIGHTS', `The metadata of '${file}' cannot be used: ${reason}`, { cause: error })
  }
}

function parseContent(json: unknown): ModelMetadata {
  requireKnownFormat(json)
  const { preset, classes, multiLabel, initializer, seed, training, ...content } = parse(
    contentSchema,
    json,
    KEY,
  )
  const defaults = presets[preset].model
  const architecture = resolveArchitecture(content.architecture, defaults, `${KEY}.architecture`)
  const { preprocessing } = resolvePreprocessing(
    content.preprocessing,
    defaults.preprocessing,
    architecture.input,
    `${KEY}.preprocessing`,
  )
  const config = { preset, architecture, classes, preprocessing, multiLabel, initializer, seed }
  return training === undefined ? { config } : { config, training }
}

/** Asked first, since a later format would only look like a lot of unknown settings. */
function requireKnownFormat(json: unknown): void {
  const version = (json as { formatVersion?: unknown } | null)?.formatVersion
  if (typeof version === 'number' && version > FORMAT_VERSION)
    throw new Error(
      `it has format version ${version}, this is torch-c3d ${packageVersion}, which reads version ${FORMAT_VERSION}. Use a newer torch-c3d.`,
    )
}
