import * as z from 'zod'
import type { NativeModelConfig } from '../native/binding'
import { type Architecture, type ArchitectureInput, resolveArchitecture } from './architectures'
import { abortSignal, choice, expected, flag, seed, settings, show, text } from './fields'
import { complete, invalid, parse } from './parse'
import { precisionSchema } from './precision'
import {
  nativePreprocessing,
  type Preprocessing,
  preprocessingSchema,
  resolvePreprocessing,
} from './preprocessing'
import { defaultPreset, type Preset, type PresetName, paperPreset, presetNames, presets } from './presets'

/** A regular expression, since a union of literals would only say that the input is invalid. */
export const deviceSchema = z
  .string({ error: expected("'auto', 'cpu', 'cuda' or 'cuda:<number>'") })
  .regex(/^(auto|cpu|cuda(:\d+)?)$/, { error: expected("'auto', 'cpu', 'cuda' or 'cuda:<number>'") })

const classesSchema = z
  .array(text('the name of a class'), { error: expected('a list of class names') })
  .min(2, { error: (issue) => `expected at least 2 classes, got ${show(issue.input)}` })
  .refine((names) => new Set(names).size === names.length, {
    error: (issue) => `expected every class once, got ${repeated(issue.input as string[])} twice`,
  })

function repeated(names: string[]): string {
  return show(names.find((name, i) => names.indexOf(name) !== i))
}

export const initializerSchema = choice(['caffe', 'pytorch', 'kaiming'])

/** What a model is, but for its classes and its device: the part that a configuration file can give. */
export const modelSchema = settings({
  /** The recipe that the model is for. Left out: the default preset's, but the network as the paper has it. */
  preset: choice(presetNames).optional(),
  /** Checked by lib/config/architectures.ts, whose messages know which of its three forms was meant. */
  architecture: z.custom<ArchitectureInput>().default('c3d'),
  initializer: initializerSchema.optional(),
  preprocessing: preprocessingSchema.prefault({}),
  /**
   * Whether a video may have any number of the classes: every output then is a yes or no of its own (sigmoid), not a
   * choice among all (softmax). Left out: false.
   */
  multiLabel: flag().optional(),
  /** Of the initial weights. */
  seed: seed().optional(),
})

export const createSchema = modelSchema.extend({
  classes: classesSchema,
  /** 'auto': the first CUDA device if there is one, else the CPU. */
  device: deviceSchema.default('auto'),
  signal: abortSignal().optional(),
})

export const loadSchema = settings({
  device: createSchema.shape.device,
  /** For files without this package's metadata, and to override it. */
  architecture: z.custom<ArchitectureInput>().optional(),
  classes: classesSchema.optional(),
  preprocessing: preprocessingSchema.optional(),
  multiLabel: flag().optional(),
  /** Fresh weights for the last layer, for `classes` of any number; all other weights come from the file. */
  newClassifier: flag().default(false),
  /** Of the fresh weights; left out: the file's own. */
  seed: seed().optional(),
  signal: abortSignal().optional(),
})

/** Of a single pass through the network. */
export const computeSchema = settings({
  /** In what layers multiply. */
  precision: precisionSchema.default('float32'),
  signal: abortSignal().optional(),
})

export type ComputeOptions = z.input<typeof computeSchema>
export type ModelSettings = z.input<typeof modelSchema>
/** Lists may be read-only, as VideoDataset.classes is. */
type WithReadonlyClasses<T extends { classes?: string[] | undefined }> = Omit<T, 'classes'> & {
  [Key in keyof Pick<T, 'classes'>]: Readonly<T[Key]>
}

export type CreateOptions = WithReadonlyClasses<z.input<typeof createSchema>>
export type LoadOptions = WithReadonlyClasses<z.input<typeof loadSchema>>

/** Everything that makes a model, without its weights; goes into every saved file. */
export interface ModelConfig {
  preset: PresetName
  architecture: Architecture
  classes: string[]
  preprocessing: Preprocessing
  /** Whether each output is a yes or no of its own: probabilities then are sigmoids and do not add up to 1. */
  multiLabel: boolean
  initializer: z.output<typeof initializerSchema>
  seed: number
}

export interface ResolvedModel {
  config: ModelConfig
  device: string
  signal: AbortSignal | undefined
  /** Of the mean cube, where there is one to be read. */
  meanFile: string | undefined
}

export function resolveModel(options: CreateOptions): ResolvedModel {
  const { device, signal, preset, classes, ...given } = parse(createSchema, options, 'model')
  const defaults = modelDefaults(preset)
  const architecture = resolveArchitecture(given.architecture, defaults, 'model.architecture')
  const { preprocessing, meanFile } = resolvePreprocessing(
    given.preprocessing,
    defaults.preprocessing,
    architecture.input,
    'model.preprocessing',
  )
  if (preprocessing.mean === 'cube' && meanFile === undefined)
    throw invalid(
      'model.preprocessing.mean',
      "expected three numbers or the path of a .npy file, got 'cube', which only names the cube that a saved model holds",
    )
  const { initializer, multiLabel, seed } = complete(
    { initializer: defaults.initializer, multiLabel: false, seed: defaults.seed },
    { initializer: given.initializer, multiLabel: given.multiLabel, seed: given.seed },
  )
  return {
    config: {
      preset: preset ?? defaultPreset,
      architecture,
      classes,
      preprocessing,
      multiLabel,
      initializer,
      seed,
    },
    device,
    signal,
    meanFile,
  }
}

/** Nobody who has asked for no preset gets other layers than the paper's. */
function modelDefaults(preset: PresetName | undefined): Preset['model'] {
  if (preset) return presets[preset].model
  const { batchNorm, dropout } = presets[paperPreset].model
  return { ...presets[defaultPreset].model, batchNorm, dropout }
}

export function nativeModel(config: ModelConfig, device: string): NativeModelConfig {
  return {
    architecture: config.architecture,
    classes: config.classes.length,
    preprocessing: nativePreprocessing(config.preprocessing),
    initializer: config.initializer,
    seed: config.seed,
    device,
  }
}
