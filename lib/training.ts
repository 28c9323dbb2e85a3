import path from 'node:path'
import * as z from 'zod'
import { abortSignal, expected, flag, settings } from './config/fields'
import type { ModelConfig } from './config/model'
import { invalid, parse } from './config/parse'
import { requireComputable } from './config/precision'
import { tensorboardByDefault } from './config/run-folder'
import {
  nativeTraining,
  type RunSettings,
  resolveTraining,
  runSchema,
  type TrainingConfig,
  type TrainingSettings,
} from './config/training'
import { datasetState, VideoDataset } from './dataset'
import { requireApart } from './dataset/overlap'
import { lengthOf, rangeOf, type VideoItem } from './dataset/video-item'
import { countLabels, nativeItems } from './labels'
import { type ArchitectureSummary, type C3D, fileHeader, type ModelState, modelState } from './model'
import { addon } from './native/addon'
import type {
  NativeItems,
  NativeRunFiles,
  NativeTrainEvent,
  NativeTrainingConfig,
  NativeTrainingResult,
} from './native/binding'
import { C3DError, isAborted } from './native/errors'
import { runEventTask } from './native/task'
import { packageVersion } from './package-info'
import { type ChosenPrecision, choosePrecision, nativePrecision } from './precision/choose'
import {
  type Checkpoint,
  checkpointHeader,
  locateCheckpoint,
  type RunIdentity,
  readCheckpoint,
} from './training/checkpoint'
import { classesWithoutClips, withoutClipsWarning } from './training/coverage'
import { identityOf } from './training/data-identity'
import { requireDiskSpace } from './training/disk-space'
import { STOP_REQUEST } from './training/event-run'
import type { DoneEvent, TrainingEvent, TrainingResult, WarningEvent } from './training/events'
import { requireFitting } from './training/fitting'
import { beginTraining } from './training/in-training'
import { forecastMemory, memoryWarning } from './training/memory'
import { mirroredClasses } from './training/mirrored-classes'
import { nothingLeft, otherThreads, requireSameRun, resumedConfig } from './training/resume'
import { RunFolder } from './training/run-folder'
import { peakMemory, systemMemory } from './training/system-memory'
import { TrainingRun } from './training/training-run'

/** How to train. What is left out comes from the preset. */
export type TrainOptions = RunSettings & {
  /** Evaluated after every epoch. Its classes are the model's, or some of them. */
  validation?: VideoDataset | undefined
  /** Whether validation may share files, pictures and groups with the training set. Its scores mean little then. */
  allowOverlap?: boolean | undefined
}

const trainSchema = runSchema.extend({
  validation: z
    .custom<VideoDataset>((value) => value instanceof VideoDataset, { error: expected('a VideoDataset') })
    .optional(),
  allowOverlap: flag().default(false),
})

const controlSchema = settings({ signal: abortSignal().optional() })

/**
 * Trains a model on the videos of a data set, by SGD, on a thread of its own. Returns at once; see TrainingRun for how
 * to read the events, to stop, and what is saved. The model can be asked meanwhile; it waits for the step to end.
 *
 * @example
 * const run = train(model, training, { epochs: 16, validation, out: 'runs/first' })
 * for await (const epoch of run.epochs()) console.log(epoch.epoch, epoch.loss, epoch.validation?.clipTop1)
 *
 * @example
 * // Goes on where runs/first was stopped or killed, bit for bit: with its settings, on the same data.
 * const model = await C3D.load('runs/first/checkpoint.safetensors')
 * await train(model, training, { resume: 'runs/first', validation }).done
 *
 * @throws C3D_INVALID_CONFIG, C3D_INVALID_ARGUMENT (labels that do not fit the model), C3D_EMPTY_DATASET (no video, or
 * none but of one class); what happens later
 * (C3D_FILE, C3D_NON_FINITE_LOSS, C3D_VIDEO_UNREADABLE, C3D_OUT_OF_MEMORY, C3D_ABORTED) rejects the run
 */
export function train(
  model: C3D,
  dataset: VideoDataset,
  options: TrainOptions = {},
  control: { signal?: AbortSignal } = {},
): TrainingRun {
  return startTraining(model, dataset, options, control)
}

/**
 * What `train` does.
 *
 * @param command kept in config.json: how the command line came to its data, for it to do the same on resuming
 */
export function startTraining(
  model: C3D,
  dataset: VideoDataset,
  options: TrainOptions,
  control: { signal?: AbortSignal },
  command?: unknown,
): TrainingRun {
  const { signal } = parse(controlSchema, control, 'train')
  const parsed = parse(trainSchema, options, 'training')
  const { validation, allowOverlap, out, overwrite, resume, ...settings } = parsed
  if (resume !== undefined && (out !== undefined || overwrite))
    throw invalid('training.out', 'a resumed run stays in its folder; leave out and overwrite out')
  const state = modelState(model)
  const plan: Plan = {
    state,
    summary: model.summary(),
    settings,
    training: labelled(dataset, model, 'training'),
    validation: validation ? labelled(validation, model, 'validation') : null,
    contents: { dataset, validation },
    out,
    overwrite,
    command,
  }
  // A mistake in the settings is told at once.
  const fresh = resume === undefined ? resolveTraining(settings, state.config.preset) : undefined
  if (fresh) {
    requireScores(fresh, plan)
    requireComputable(fresh.precision, model.device, 'training.precision')
    requireFitting(fresh, state.config, validation !== undefined)
    nativeSettings(plan, fresh)
    classesWithoutClips(dataset, state.config, fresh)
  }
  if (validation && !allowOverlap) requireApart(dataset.overlaps(validation), 'training and validation')
  const end = beginTraining(state)
  return new TrainingRun(async (emit, stop) => {
    let folder: RunFolder | undefined
    try {
      const start = fresh ? await begin(plan, fresh, stop) : await goOn(plan, resume ?? '')
      folder = start.folder
      return await perform(plan, start, emit, stop)
    } catch (error) {
      // While convolutions were being checked: nothing has begun yet.
      const stopped = fresh && isAborted(error) && stop.reason === STOP_REQUEST
      if (stopped)
        return { reason: 'stopped', epochs: 0, steps: 0, seconds: 0, peakMemory: await peakMemory() }
      throw error
    } finally {
      folder?.release()
      end()
    }
  }, signal)
}

interface Plan {
  state: ModelState
  summary: ArchitectureSummary
  settings: TrainingSettings
  training: NativeItems
  validation: NativeItems | null
  contents: { dataset: VideoDataset; validation: VideoDataset | undefined }
  out: string | undefined
  overwrite: boolean
  command: unknown
}

/** Where a run starts: at its first step, or at a checkpoint. */
interface Start {
  /** With the precision that 'auto' stood for. */
  config: TrainingConfig
  chosen: ChosenPrecision
  folder: RunFolder | undefined
  resume: { checkpoint: Checkpoint; tensors: ReturnType<typeof locateCheckpoint> } | null
  epochs: number
  steps: number
  warning?: string | undefined
}

async function begin(plan: Plan, given: TrainingConfig, stop: AbortSignal): Promise<Start> {
  const { state, out, overwrite } = plan
  const chosen = await choosePrecision(state, given.precision, 'training.precision', stop)
  const config = { ...given, precision: chosen.precision }
  const folder =
    out === undefined ? undefined : await RunFolder.create(out, describe(plan, config), overwrite)
  return { config, chosen, folder, resume: null, epochs: 0, steps: 0 }
}

async function goOn(plan: Plan, out: string): Promise<Start> {
  const { state } = plan
  const folder = RunFolder.open(out)
  try {
    const checkpoint = await readCheckpoint(folder.checkpoint)
    requireSameRun(checkpoint, state.config, runIdentity(plan))
    const config = resumedConfig(checkpoint, plan.settings)
    requireScores(config, plan)
    const chosen = await choosePrecision(state, config.precision, 'training.precision')
    const tensors = locateCheckpoint(checkpoint, state.native)
    const { epochs, steps } = checkpoint
    await folder.goOn(epochs, config)
    const warning = otherThreads(checkpoint, runIdentity(plan))
    return { config, chosen, folder, resume: { checkpoint, tensors }, epochs, steps, warning }
  } catch (error) {
    folder.release()
    throw error
  }
}

async function perform(
  plan: Plan,
  start: Start,
  emit: (event: Exclude<TrainingEvent, DoneEvent>) => void,
  stop: AbortSignal,
): Promise<TrainingResult> {
  const { state, training, validation } = plan
  const { config, chosen, folder, resume } = start
  const began = performance.now()
  const progress = { epochs: start.epochs, steps: start.steps }
  emit({ type: 'start', device: state.native.device, precision: chosen.precision, reason: chosen.reason })
  warnOfFailedConvolutions(chosen, emit)
  warnOfMirroredClasses(plan, config, emit)
  if (start.warning !== undefined) emit({ type: 'warning', message: start.warning })
  warnOfMissingClasses(plan, config, emit)
  await tellMemory(plan, config, emit)
  if (folder)
    await requireDiskSpace(folder, 4 * plan.summary.parameters, config, {
      validated: validation !== null,
      complete: start.epochs,
    })
  state.training = config

  const onEvent = (event: NativeTrainEvent): void => {
    if (event.type === 'step') progress.steps = event.step
    if (event.type === 'epoch') progress.epochs = event.epoch
    emit(event.type === 'untrained-classes' ? untrainedWarning(event.classes, state.config) : event)
  }
  const request = {
    training,
    validation,
    config: { ...nativeSettings(plan, config), precision: nativePrecision(chosen) },
    files: folder ? runFiles(folder, plan, config) : null,
    resume: resume && { file: resume.checkpoint.file, tensors: resume.tensors },
  }
  let reason: TrainingResult['reason']
  let peakDeviceMemory = 0
  try {
    const result = await runEventTask<NativeTrainingResult, NativeTrainEvent>(
      (report) => addon().train(state.native, request, report),
      onEvent,
      stop,
    )
    reason = result.reason
    peakDeviceMemory = result.peakDeviceMemory
    Object.assign(progress, { epochs: result.epochs, steps: result.steps })
  } catch (error) {
    if (!isAborted(error) || stop.reason !== STOP_REQUEST) throw error
    reason = 'stopped'
  }
  const unneeded = resume && progress.steps === start.steps && nothingLeft(reason, resume.checkpoint, config)
  if (unneeded) emit({ type: 'warning', message: unneeded })
  const seconds = (performance.now() - began) / 1000
  return {
    reason,
    ...progress,
    seconds,
    peakMemory: await peakMemory(),
    ...(peakDeviceMemory > 0 && { peakDeviceMemory }),
    ...(folder && { out: folder.folder, model: folder.model }),
  }
}

/** Before the first step. Throws C3D_OUT_OF_MEMORY where the training cannot fit. */
async function tellMemory(
  { state, summary, contents: { dataset } }: Plan,
  config: TrainingConfig,
  emit: (event: Exclude<TrainingEvent, DoneEvent>) => void,
): Promise<void> {
  const { architecture, preprocessing } = state.config
  const forecast = forecastMemory({
    config,
    preprocessing,
    summary,
    input: architecture.input,
    frames: dataset.videos.map((video) => lengthOf(video)),
  })
  const device = state.native.device === 'cpu' ? undefined : addon().deviceMemory(state.native.device)
  const system = await systemMemory()
  emit({
    type: 'memory',
    forecast,
    available: system.available,
    ...(device && { deviceAvailable: device.free }),
  })
  const message = memoryWarning(forecast, config, { system, device })
  if (message !== undefined) emit({ type: 'warning', message })
}

function runFiles(run: RunFolder, plan: Plan, { tensorboard }: TrainingConfig): NativeRunFiles {
  const { folder, checkpoint, metrics, best, keptPrefix, model } = run
  return {
    checkpoint,
    checkpointHeader: checkpointHeader(plan.state, runIdentity(plan)),
    metrics,
    events: (tensorboard ?? tensorboardByDefault) ? folder : null,
    best,
    keptPrefix,
    model,
    modelHeader: fileHeader(plan.state),
  }
}

function runIdentity({ state, contents: { dataset, validation } }: Plan): RunIdentity {
  return {
    device: state.native.device,
    threads: addon().runtimeInfo().threads,
    training: identityOf(dataset),
    validation: validation ? identityOf(validation) : null,
  }
}

/** Early stopping goes by the validation's scores. */
function requireScores({ earlyStopping }: TrainingConfig, { validation }: Plan): void {
  if (earlyStopping && !validation)
    throw invalid('training.earlyStopping', 'it goes by the scores of a validation set; give one')
}

function warnOfFailedConvolutions(
  { precision, failed }: ChosenPrecision,
  emit: (event: Exclude<TrainingEvent, DoneEvent>) => void,
): void {
  for (const { layer, problem } of failed)
    emit({
      type: 'warning',
      message: `${layer} computes in float32: its ${precision} convolution is wrong on this machine (${problem}).`,
    })
}

function nativeSettings(
  { state, training }: Plan,
  config: TrainingConfig,
): Omit<NativeTrainingConfig, 'precision'> {
  const { preprocessing, classes, multiLabel } = state.config
  return nativeTraining(config, preprocessing, countLabels(training, classes.length), multiLabel)
}

function warnOfMissingClasses(
  { state, contents: { dataset } }: Plan,
  config: TrainingConfig,
  emit: (event: Exclude<TrainingEvent, DoneEvent>) => void,
): void {
  const missing = classesWithoutClips(dataset, state.config, config)
  if (missing.length > 0) emit({ type: 'warning', message: withoutClipsWarning(dataset, missing) })
}

function untrainedWarning(numbers: readonly number[], { classes }: ModelConfig): WarningEvent {
  const names = numbers.map((number) => `'${classes[number]}'`).join(', ')
  return {
    type: 'warning',
    message: `No clip of the ${numbers.length === 1 ? 'class' : 'classes'} ${names} could be read in this epoch, so that nothing was learnt of ${numbers.length === 1 ? 'it' : 'them'}.`,
  }
}

function warnOfMirroredClasses(
  { state }: Plan,
  config: TrainingConfig,
  emit: (event: Exclude<TrainingEvent, DoneEvent>) => void,
): void {
  const mirrored = config.sampling.flipProbability > 0 && mirroredClasses(state.config.classes)
  if (!mirrored) return
  emit({
    type: 'warning',
    message: `The classes '${mirrored[0]}' and '${mirrored[1]}' look like mirror images, but training mirrors clips (with a probability of ${config.sampling.flipProbability}) and keeps their label. Set sampling.flipProbability to 0 (--no-flip on the command line).`,
  })
}

/** What config.json holds: enough to see what was done, and to do it again with --config. */
function describe(
  { state, command, contents: { dataset, validation } }: Plan,
  config: TrainingConfig,
): unknown {
  const { classes, ...model } = state.config
  const paths = (set: VideoDataset) => set.videos.map((video) => describeVideo(video, set.folder))
  return {
    package: `torch-c3d@${packageVersion}`,
    model,
    training: config,
    data: {
      classes,
      source: path.resolve(dataset.source),
      folder: path.resolve(dataset.folder),
      training: paths(dataset),
      ...(validation && {
        validationSource: path.resolve(validation.source),
        validationFolder: path.resolve(validation.folder),
        validation: paths(validation),
      }),
    },
    ...(command !== undefined && { command }),
  }
}

/** Its path, with the frames where it is a part: 'run/a.mp4', or 'run/a.mp4 frames 16 to 31'. */
function describeVideo(video: VideoItem, folder: string): string {
  const file = path.relative(folder, video.path)
  if (video.start === undefined && video.end === undefined) return file
  const { start, end } = rangeOf(video)
  return `${file} frames ${start} to ${end - 1}`
}

function labelled(dataset: VideoDataset, model: C3D, part: string): NativeItems {
  const items = nativeItems(datasetState(dataset), model)
  if (items.videos.length === 0) throw new C3DError('C3D_EMPTY_DATASET', `The ${part} set holds no video.`)
  return items
}
