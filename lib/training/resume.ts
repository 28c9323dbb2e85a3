import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { show } from '../config/fields'
import type { ModelConfig } from '../config/model'
import { invalid } from '../config/parse'
import type { TrainingConfig, TrainingSettings } from '../config/training'
import { C3DError } from '../native/errors'
import type { Checkpoint, RunIdentity } from './checkpoint'
import { requireSameData } from './data-identity'
import type { TrainingResult } from './events'

/** Settings that change no step that is still to come, but for how many there are. */
const FREE = new Set(['cache', 'checkpoint', 'tensorboard', 'earlyStopping', 'maxSteps', 'maxMinutes'])
/** Schedules whose learning rates do not depend on how many epochs there are. */
const ENDLESS = new Set(['constant', 'step', 'multi-step', 'plateau'])

type ResumedRun = Pick<Checkpoint, 'training' | 'file' | 'epochs'>

/** The settings of a run that goes on: its own, with the few that may change. Throws C3D_INVALID_CONFIG. */
export function resumedConfig(
  checkpoint: ResumedRun,
  { preset, epochs, ...given }: TrainingSettings,
): TrainingConfig {
  if (preset !== undefined)
    throw invalid('training.preset', 'a resumed run keeps its settings; leave the preset out')
  const recorded = checkpoint.training
  const config = { ...recorded, epochs: epochs ?? recorded.epochs }
  requirePossible(checkpoint, config.epochs)
  const own = recorded as Record<string, unknown>
  for (const [key, value] of Object.entries(given)) {
    // A run that has begun has an answer to 'auto', whatever another machine's would be.
    if (value === undefined || (key === 'precision' && value === 'auto')) continue
    const changed = merged(own[key], value)
    if (!FREE.has(key)) requireSame(key, own[key], changed)
    Object.assign(config, { [key]: changed })
  }
  return config
}

/** Throws C3D_INVALID_ARGUMENT unless the checkpoint is of this model, this data and this kind of device. */
export function requireSameRun(checkpoint: Checkpoint, model: ModelConfig, run: RunIdentity): void {
  const { file, model: own } = checkpoint
  for (const key of ['classes', 'multiLabel', 'architecture', 'preprocessing'] as const)
    if (!isDeepStrictEqual(plain(own[key]), plain(model[key])))
      throw new C3DError(
        'C3D_INVALID_ARGUMENT',
        `The model's ${key} are not those of '${file}': ${show(own[key])} there, ${show(model[key])} here. Load the model from the run: C3D.load('${path.join(path.dirname(file), 'checkpoint.safetensors')}').`,
      )
  if (kindOf(checkpoint.run.device) !== kindOf(run.device))
    throw new C3DError(
      'C3D_INVALID_ARGUMENT',
      `The run of '${file}' was on ${checkpoint.run.device}, this model is on ${run.device}: the random numbers of the two differ. Make the model with device '${checkpoint.run.device}'.`,
    )
  requireSameData('training', checkpoint.run.training, run.training)
  requireSameData('validation', checkpoint.run.validation, run.validation)
}

/** What to tell where the numbers cannot be those of an unbroken run, by a little; undefined where they can. */
export function otherThreads({ run: before }: Checkpoint, now: RunIdentity): string | undefined {
  if (before.threads === undefined || before.threads === now.threads || kindOf(now.device) !== 'cpu')
    return undefined
  return `The run computed with ${before.threads} threads and goes on with ${now.threads}: it goes on as well, but rounds differently, so that its numbers are not bit for bit those of an unbroken run. For these: runtime.configure({ threads: ${before.threads} }).`
}

/**
 * What to tell where a resumed run had come to its end before, so that not one step was made; undefined for ends that
 * say nothing of the run.
 */
export function nothingLeft(
  reason: TrainingResult['reason'],
  { training: recorded, file }: Checkpoint,
  { epochs, earlyStopping, maxSteps }: TrainingConfig,
): string | undefined {
  const before = 'so this time nothing was trained. To go on,'
  switch (reason) {
    case 'finished':
      return ENDLESS.has(recorded.schedule.type)
        ? `The run had made all of its ${epochs} epochs, ${before} raise epochs (--epochs).`
        : `The run had made all of its ${epochs} epochs, ${before} begin a new run from its model: ${newRun(file)}.`
    case 'early-stopping':
      return `The run had been stopped since its validation was no better for ${earlyStopping?.patience} epochs, ${before} raise earlyStopping.patience (--patience).`
    case 'max-steps':
      return `The run had made its ${maxSteps} steps, ${before} raise maxSteps (--max-steps).`
    default:
      return undefined
  }
}

/** How a run begins from the model of another. */
function newRun(checkpoint: string): string {
  const config = path.join(path.dirname(checkpoint), 'config.json')
  return `train(await C3D.load('${checkpoint}'), …), or c3d train <videos> --config ${config} --weights ${checkpoint} --keep-classifier`
}

function requirePossible({ training, file, epochs: done }: ResumedRun, epochs: number): void {
  const { schedule, epochs: planned } = training
  if (epochs < done)
    throw invalid('training.epochs', `${done} epochs of this run are made already, got ${epochs}`)
  if (epochs === planned || ENDLESS.has(schedule.type)) return
  throw invalid(
    'training.epochs',
    `the ${schedule.type} schedule of this run is laid out over its ${planned} epochs, so ${epochs} would have needed other learning rates from the start. Leave epochs out, or begin a new run from its model, with a schedule of its own: ${newRun(file)}`,
  )
}

function requireSame(key: string, own: unknown, given: unknown): void {
  if (isDeepStrictEqual(fixed(key, own), fixed(key, given))) return
  throw invalid(
    `training.${key}`,
    `a resumed run keeps its settings: it has ${show(own)}, got ${show(given)}. Leave it out, or start a new run`,
  )
}

/** Of the loader, the number of threads may differ; how far it reads ahead decides the order of clips. */
function fixed(key: string, value: unknown): unknown {
  if (key !== 'loader') return plain(value)
  return (value as TrainingConfig['loader']).prefetch
}

function merged(own: unknown, given: unknown): unknown {
  const areSettings = [own, given].every((value) => typeof value === 'object' && value !== null)
  return areSettings && !Array.isArray(given) ? { ...(own as object), ...(given as object) } : given
}

/** As it comes back from JSON: without keys that are undefined. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

function kindOf(device: string): string {
  return device.split(':')[0] ?? device
}
