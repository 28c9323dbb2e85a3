import { type ArchitectureInput, type ArchitectureOptions, defaultClassCount } from '../config/architectures'
import { type CreateOptions, type ModelSettings, resolveModel } from '../config/model'
import { invalid } from '../config/parse'
import { defaultPreset } from '../config/presets'
import { readJson, readRunFile } from '../config/run-file'
import type { Sampling } from '../config/sampling'
import { resolveTraining, type TrainingSettings } from '../config/training'
import { describeArchitecture } from '../model'
import { readMetadata } from '../weights/metadata'
import { readTensorFile } from '../weights/safetensors'
import type { CommonOptions } from './program'

/** Command-line options that decide what a model is and how it is trained. */
export interface SettingOptions extends CommonOptions {
  architecture?: string
  /** A model file to start from. */
  weights?: string
  preset?: NonNullable<CreateOptions['preset']>
  config?: string
  epochs?: number
  batchSize?: number
  accumulate?: number
  learningRate?: number
  weightDecay?: number
  freeze?: string[]
  mixup?: number
  cutmix?: number
  multiLabel?: boolean
  clipsPerVideo?: number
  flip?: boolean
  seed?: number
  frames?: number
  inputSize?: { width: number; height: number }
  resize?: { width: number; height: number }
  temporalStride?: number
  widthMultiplier?: number
  batchNorm?: boolean
  dropout?: number
  spatialKernel?: number
  validationClips?: 'all' | number
  sampling?: Sampling['mode']
  cache?: 'none' | 'memory' | 'disk'
  precision?: TrainingSettings['precision']
  patience?: number
  maxSteps?: number
  maxMinutes?: number
  checkpointSteps?: number
  tensorboard?: boolean
}

/** What training starts from: a model's settings and its training's. */
export interface Settings {
  model: ModelSettings
  training: TrainingSettings
}

/** The settings file, if any, with the options over it. What neither says is completed by the preset, later. */
export async function resolveSettings(options: SettingOptions): Promise<Settings> {
  const file = options.config === undefined ? {} : await readRunFile(options.config)
  const { preset, seed } = options
  return {
    model: {
      // Named, so that the model is made by the recipe that it is trained with.
      preset: defaultPreset,
      ...file.model,
      ...given({ preset, seed, multiLabel: options.multiLabel }),
      ...given({ architecture: await chooseArchitecture(options, file.model?.architecture) }),
      preprocessing: {
        ...file.model?.preprocessing,
        ...given({ temporalStride: options.temporalStride, resize: options.resize }),
      },
    },
    training: {
      ...file.training,
      ...given({ preset, seed, epochs: options.epochs }),
      ...given({ batchSize: options.batchSize, accumulate: options.accumulate }),
      optimizer: {
        ...file.training?.optimizer,
        ...given({ learningRate: options.learningRate, weightDecay: options.weightDecay }),
        ...given({ layers: frozenLayers(options.freeze, file.training) }),
      },
      mix: { ...file.training?.mix, ...given({ mixup: options.mixup, cutmix: options.cutmix }) },
      sampling: {
        ...file.training?.sampling,
        ...given({
          mode: options.sampling,
          clipsPerVideo: options.clipsPerVideo,
          flipProbability: flipProbability(options.flip),
        }),
      },
      evaluation: { ...file.training?.evaluation, ...given({ clips: options.validationClips }) },
      ...given({ precision: options.precision, cache: options.cache }),
      ...limitsOf(options),
    },
  }
}

/** When the training ends early, and what is kept of it. */
export function limitsOf(options: SettingOptions): Partial<TrainingSettings> {
  const { patience, checkpointSteps, maxSteps, maxMinutes, tensorboard } = options
  return {
    ...given({ maxSteps, maxMinutes, tensorboard }),
    ...(patience !== undefined && { earlyStopping: { patience } }),
    ...(checkpointSteps !== undefined && { checkpoint: { everySteps: checkpointSteps } }),
  }
}

/** Throws what making the model and training it would, as far as that can be told without a video or a weight. */
export function checkSettings({ model, training }: Settings): void {
  resolveTraining(training, model.preset ?? defaultPreset)
  const classes = Array.from({ length: defaultClassCount }, (_, i) => String(i))
  describeArchitecture(resolveModel({ ...model, classes }).config.architecture, classes.length)
}

/** The file's rates by layer, with 0 for these. */
function frozenLayers(names: string[] | undefined, file: TrainingSettings | undefined) {
  if (!names) return undefined
  const frozen = Object.fromEntries(names.map((name) => [name, { learningRate: 0 }]))
  return { ...file?.optimizer?.layers, ...frozen }
}

function flipProbability(flip: boolean | undefined): number | undefined {
  if (flip === undefined) return undefined
  return flip ? 0.5 : 0
}

async function chooseArchitecture(
  options: SettingOptions,
  fromFile: ArchitectureInput | undefined,
): Promise<ArchitectureInput | undefined> {
  const base = options.architecture?.endsWith('.json')
    ? ((await readJson(options.architecture)) as ArchitectureInput)
    : ((options.architecture as ArchitectureInput | undefined) ?? fromFile)
  const changes = networkChanges(options)
  if (Object.keys(changes).length === 0) return base
  if (base === undefined && options.weights !== undefined) return changedFile(options.weights, changes)
  if (typeof base === 'object' && 'layers' in base)
    throw invalid(
      'architecture',
      '--frames, --input-size, --width-multiplier, --spatial-kernel, --batch-norm and --dropout change named networks; this one is given layer by layer, so change its file instead',
    )
  const named = typeof base === 'object' ? base : { name: base ?? 'c3d' }
  return { ...named, ...changes } as ArchitectureInput
}

/**
 * The network of a model file, changed by options that name no other. Only dropout leaves the shapes of its weights as
 * they are.
 */
async function changedFile(
  file: string,
  { dropout, ...others }: ArchitectureOptions,
): Promise<ArchitectureInput> {
  if (Object.keys(others).length > 0)
    throw invalid(
      'architecture',
      `--frames, --input-size, --width-multiplier, --spatial-kernel and --batch-norm make another network than that of '${file}', which its weights do not fit. Leave them out, or name a network that fits with --architecture`,
    )
  const found = readMetadata((await readTensorFile(file)).metadata, file)?.config.architecture
  if (!found)
    throw invalid('architecture', `'${file}' does not say what network it is of; give --architecture`)
  const layers = found.layers.map((layer) => (layer.type === 'linear' ? { ...layer, dropout } : layer))
  return { ...found, layers }
}

/** How the options change a named network. */
export function networkChanges(options: SettingOptions): ArchitectureOptions {
  const { widthMultiplier, spatialKernel, batchNorm, dropout } = options
  return given({ widthMultiplier, spatialKernel, batchNorm, dropout, input: inputChanges(options) })
}

function inputChanges({ frames, inputSize }: SettingOptions): object | undefined {
  const changes = { ...given({ frames }), ...inputSize }
  return Object.keys(changes).length === 0 ? undefined : changes
}

/** Without the keys that are undefined, so that spreading it overwrites nothing with nothing. */
export function given<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>
}
