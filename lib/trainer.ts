import * as z from 'zod'
import { abortSignal, finiteNumber, settings } from './config/fields'
import { parse } from './config/parse'
import { automaticPrecision, type Precision, requireComputable } from './config/precision'
import { resolveTrainer, type TrainerConfig, type TrainerOptions } from './config/trainer'
import { nativeTraining, type TrainingConfig } from './config/training'
import {
  type ClipLabels,
  type InputBatch,
  nativeAnswers,
  type PixelBatch,
  requireInput,
  requirePixels,
  typeName,
} from './input-batch'
import type { ModelState } from './model'
import { addon } from './native/addon'
import type { NativeStepRequest, NativeTrainer } from './native/binding'
import { C3DError, rethrowNative } from './native/errors'
import { runTask } from './native/task'
import { choosePrecision, nativePrecision } from './precision/choose'
import { requireFitting } from './training/fitting'
import { requireNoRun } from './training/in-training'
import { readTrainerFile, requireSameTrainer, trainerHeader } from './training/trainer-checkpoint'
import { WorkQueue } from './work-queue'

/** Clips of a step: a batch of a ClipLoader, or as much of one. */
export interface StepBatch {
  /** Pixels, uint8 [n, frames, height, width, 3], or network input, float32 [n, 3, frames, height, width]. */
  clips: { data: Uint8Array | Float32Array; shape: readonly number[] }
  /** A class number for each clip, in the order of the model's classes; of a multi-label model a list of them. */
  labels: ClipLabels
  /** Where each clip was cut, as a ClipLoader tells it; needed for pixels where the model has a mean cube. */
  places?: ArrayLike<number>
}

export interface StepResult {
  /** Steps made so far, this one included. */
  step: number
  loss: number
  /** Part of the clips whose class was right, before the update. */
  accuracy: number
  learningRate: number
  /** The gradients were not finite: the weights have stayed, and the loss scale falls. */
  skipped: boolean
  /** That the step was computed with; null: none. */
  lossScale: number | null
}

export interface TrainerState {
  /** Steps made so far. */
  step: number
  /** Of the next step. */
  learningRate: number
  schedule: TrainingConfig['schedule']
}

/** It sees none but those of its steps. */
const NO_ITEMS = { byClass: [], all: 0 }

const learningRateSchema = finiteNumber({ above: 0 }).nullable()
const lossSchema = finiteNumber()
const controlSchema = settings({ signal: abortSignal().optional() })
const namesSchema = z.array(z.string()).optional()

type Control = { signal?: AbortSignal | undefined }
type Tensors = Record<string, Float32Array>

/**
 * Training with a loop of your own: `step` makes the same update as `train` does, with the same optimizer, loss and
 * schedule, bit for bit. Made by `model.trainer(…)`.
 *
 * Everything that computes does so on a thread of its own; calls on one trainer are done one after the other, in their
 * order. Momentum and gradients, twice the memory of the weights, lie outside V8's heap: `close()`, or `using trainer =
 * model.trainer(…)`, frees them. Closing it does not close the model.
 *
 * @example
 * using loader = new ClipLoader(training, { model, batchSize: 30, shuffle: true })
 * using trainer = model.trainer({ schedule: { type: 'constant' } })
 * for await (const batch of loader) console.log((await trainer.step(batch)).loss)
 */
export class Trainer implements Disposable {
  readonly #model: () => ModelState
  readonly #config: TrainerConfig
  readonly #precision: Precision
  #precisionIsChecked = false
  readonly #native: NativeTrainer
  readonly #calls = new WorkQueue(1)
  #learningRate: number | null = null
  #closed = false

  /** @internal */
  constructor(model: () => ModelState, options: TrainerOptions) {
    this.#model = model
    const { config: modelConfig, native } = model()
    const { config, training } = resolveTrainer(options, modelConfig.preset)
    requireFitting(training, modelConfig, true)
    requireComputable(training.precision, native.device, 'trainer.precision')
    this.#precision =
      training.precision === 'auto'
        ? automaticPrecision(addon().deviceTraits(native.device)).precision
        : training.precision
    this.#config = { ...config, precision: this.#precision }
    const request = {
      config: {
        ...nativeTraining(
          { ...training, precision: this.#precision },
          modelConfig.preprocessing,
          NO_ITEMS,
          modelConfig.multiLabel,
        ),
        precision: { type: this.#precision, float32Layers: [] },
      },
      stepsPerEpoch: config.stepsPerEpoch,
    }
    this.#native = rethrowNative(() => addon().createTrainer(native, request))
  }

  /**
   * Updates the weights by some clips: one batch, or several whose gradients are added up (accumulation), as if they
   * were one. A step that fails or is aborted changes nothing.
   *
   * @throws C3D_INVALID_ARGUMENT (clips or labels that do not fit; a run trains the model), C3D_NON_FINITE_LOSS,
   * C3D_OUT_OF_MEMORY, C3D_CLOSED, C3D_ABORTED
   */
  async step(batch: StepBatch | readonly StepBatch[], control: Control = {}): Promise<StepResult> {
    const { signal } = parse(controlSchema, control, 'step')
    const request = this.#request(Array.isArray(batch) ? batch : [batch as StepBatch])
    return this.#inTurn(async (native, model) => {
      requireNoRun(model)
      await this.#checkPrecision(native, model, signal)
      const result = await runTask(() => native.step(request), signal)
      // The weights are no longer what the recorded run has made them.
      delete model.training
      return result
    }, signal)
  }

  /** Everything that the trainer was made with. */
  get config(): Readonly<TrainerConfig> {
    return this.#config
  }

  get state(): TrainerState {
    const { step, learningRate } = rethrowNative(() => this.#open().state())
    return { step, learningRate: this.#learningRate ?? learningRate, schedule: this.#config.schedule }
  }

  /** Of the next step. Setting it takes the schedule's place, until it is set to null. */
  get learningRate(): number {
    return this.state.learningRate
  }

  set learningRate(value: number | null) {
    this.#learningRate = parse(learningRateSchema, value, 'trainer.learningRate')
  }

  /** Tells a plateau schedule the loss of a validation. Other schedules do not mind. */
  reportValidation(loss: number): void {
    rethrowNative(() => this.#open().observeValidation(parse(lossSchema, loss, 'validation loss')))
  }

  /**
   * Copies of the gradients of the latest step, as the weights were updated by them, by the parameters' keys and in
   * their shapes; nothing before the first step. Frozen layers have none.
   *
   * @param names of some parameters; left out: of all
   */
  async gradients(names?: readonly string[]): Promise<Tensors> {
    return this.#read('gradients', names)
  }

  /** The same of the momentum; nothing where `optimizer.momentum` is 0. */
  async momentum(names?: readonly string[]): Promise<Tensors> {
    return this.#read('momentum', names)
  }

  /**
   * Writes weights, momentum, the random state of dropout and the place in the schedule to one file, which `restore`
   * goes on from bit for bit, and which `C3D.load` reads as a model. It is written beside and renamed.
   *
   * @throws C3D_FILE
   */
  async save(file: string): Promise<void> {
    await this.#inTurn((native, model) => {
      const header = trainerHeader(model, {
        device: model.native.device,
        threads: addon().runtimeInfo().threads,
        config: this.#config,
        learningRate: this.#learningRate,
      })
      return runTask(() => native.save(file, header))
    })
  }

  /**
   * Goes back to what `save` wrote, the model's weights included.
   *
   * @throws C3D_INVALID_CONFIG (a trainer of other settings), C3D_FILE_NOT_FOUND, C3D_FILE, C3D_WEIGHTS
   */
  async restore(file: string): Promise<void> {
    await this.#inTurn(async (native, model) => {
      requireNoRun(model)
      const { record, tensors } = await readTrainerFile(file, model.native)
      requireSameTrainer(record, { device: model.native.device, config: this.#config })
      await runTask(() => native.restore(file, tensors))
      this.#learningRate = record.learningRate
    })
  }

  /** Frees momentum and gradients. All else throws C3D_CLOSED afterwards; closing again does nothing. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#native.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #open(): NativeTrainer {
    if (this.#closed)
      throw new C3DError('C3D_CLOSED', 'This trainer was closed. Make a new one with model.trainer().')
    this.#model()
    return this.#native
  }

  /** Before the first step: convolutions that are wrong in lower precision here compute in float32. */
  async #checkPrecision(
    native: NativeTrainer,
    model: ModelState,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (this.#precisionIsChecked) return
    const chosen = await choosePrecision(model, this.#precision, 'trainer.precision', signal)
    native.setPrecision(nativePrecision(chosen))
    this.#precisionIsChecked = true
  }

  async #inTurn<T>(
    work: (native: NativeTrainer, model: ModelState) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    this.#open()
    return this.#calls.run(() => work(this.#open(), this.#model()), signal)
  }

  #request(batches: readonly StepBatch[]): NativeStepRequest {
    const { config } = this.#model()
    const { architecture, preprocessing } = config
    const places: number[] = []
    for (const batch of batches) {
      const { clips } = batch
      const count = clips.shape[0] ?? 0
      if (isPixels(clips)) requirePixels(clips, architecture)
      else requireInput(clips as InputBatch, architecture)
      if (isPixels(clips) !== isPixels(batches[0]?.clips))
        throw new C3DError(
          'C3D_INVALID_ARGUMENT',
          'Expected batches of one kind in a step, pixels or network input, got both.',
        )
      if (isPixels(clips) && preprocessing.mean === 'cube') places.push(...checkedPlaces(batch.places, count))
    }
    if (batches.length === 0)
      throw new C3DError('C3D_INVALID_ARGUMENT', 'Expected at least one batch in a step, got none.')
    return {
      batches: batches.map(({ clips: { data, shape } }) => ({ data, shape: [...shape] })),
      answers: nativeAnswers(
        batches.map(({ labels, clips }) => [labels, clips.shape[0] ?? 0]),
        config,
      ),
      places: Int32Array.from(places),
      learningRate: this.#learningRate,
    }
  }

  async #read(kind: 'gradients' | 'momentum', given: readonly string[] | undefined): Promise<Tensors> {
    const names = parse(namesSchema, given, kind)
    return this.#inTurn(async (native) => {
      const all = native.tensors(kind)
      const unknown = names?.find((name) => all.length > 0 && !all.some((tensor) => tensor.name === name))
      if (unknown !== undefined)
        throw new C3DError(
          'C3D_INVALID_ARGUMENT',
          `Expected parameters that are trained (${all.map(({ name }) => name).join(', ')}), got '${unknown}'.`,
        )
      const targets = all
        .filter(({ name }) => names?.includes(name) ?? true)
        .map(({ name, shape }) => ({ name, shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) }))
      await runTask(() => native.readTensors(kind, targets))
      return Object.fromEntries(targets.map(({ name, data }) => [name, data]))
    })
  }
}

function isPixels(clips: StepBatch['clips'] | undefined): clips is PixelBatch {
  return typeName(clips?.data) === 'Uint8Array'
}

function checkedPlaces(places: ArrayLike<number> | undefined, clips: number): Int32Array {
  if (places?.length !== 3 * clips)
    throw new C3DError(
      'C3D_INVALID_ARGUMENT',
      `The model takes off a mean cube, so expected the places of the clips, ${3 * clips} numbers as a ClipLoader gives them, got ${places?.length ?? 'nothing'}.`,
    )
  return Int32Array.from(places)
}
