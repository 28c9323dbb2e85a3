import type {
  DoneEvent,
  EpochEvent,
  MemoryEvent,
  Scores,
  StartEvent,
  StepEvent,
  TrainingEvent,
} from '../training/events'
import { gigabytes } from '../training/memory'
import type { Terminal } from './terminal'
import { duration, percent, plural } from './text'
import { TrainingPace } from './training-pace'

/** What is trained, and on what. */
export interface TrainingDescription {
  network: string
  videos: string
}

/** Shows the events of a training: a bar for the steps, a line for every epoch, and how it ended. */
export class TrainingReport {
  readonly #terminal: Terminal
  readonly #description: TrainingDescription
  readonly #pace: TrainingPace

  /** @param maxSteps the training's own limit */
  constructor(terminal: Terminal, description: TrainingDescription, maxSteps?: number) {
    this.#terminal = terminal
    this.#description = description
    this.#pace = new TrainingPace(maxSteps)
  }

  show(event: TrainingEvent): void {
    this.#terminal.emit(event)
    switch (event.type) {
      case 'start':
        this.#terminal.note(`${this.#description.network}, ${startText(event)}`)
        this.#terminal.note(this.#description.videos)
        break
      case 'step':
        this.#pace.add(event, performance.now() / 1000)
        this.#terminal.progress(
          `epoch ${event.epoch}/${event.epochs}`,
          event.stepInEpoch,
          event.stepsInEpoch,
          stepText(event, this.#pace),
        )
        break
      case 'progress':
        this.#terminal.progress(`epoch ${event.epoch} validation`, event.done, event.total)
        break
      case 'epoch':
        this.#terminal.note(epochLine(event))
        break
      case 'unreadable':
        this.#terminal.note(`left out: ${event.path}: ${event.reason}`)
        break
      case 'warning':
        this.#terminal.note(`warning: ${event.message}`)
        break
      case 'memory':
        this.#terminal.note(memoryLine(event))
        break
      case 'done':
        this.#showEnd(event)
        break
    }
  }

  #showEnd({ epochs, steps, seconds, model, peakMemory, peakDeviceMemory }: DoneEvent): void {
    const device = peakDeviceMemory === undefined ? '' : `, ${gigabytes(peakDeviceMemory)} of the device`
    this.#terminal.note(
      `${plural(epochs, 'epoch')}, ${plural(steps, 'step')} in ${duration(seconds)}; most memory ${gigabytes(peakMemory)}${device}`,
    )
    if (model !== undefined) this.#terminal.print(`model: ${model}`)
  }
}

/** 4 min 10 s left  loss 1.234  accuracy 56.1%  12.3 clips/s  data wait 2%: a narrow terminal cuts the end. */
function stepText({ loss, accuracy }: StepEvent, pace: TrainingPace): string {
  return [
    ...(pace.secondsLeft === undefined ? [] : [`${duration(pace.secondsLeft)} left`]),
    `loss ${loss.toFixed(3)}`,
    `accuracy ${percent(accuracy)}`,
    `${pace.clipsPerSecond.toFixed(1)} clips/s`,
    `data wait ${Math.round(100 * pace.dataWait)}%`,
  ].join('  ')
}

/** memory: about 5.2 GB for the training (activations 4.7 GB, weights and their gradients 0.3 GB, …) */
function memoryLine({ forecast, available, deviceAvailable }: MemoryEvent): string {
  const { total, activations, weights, gradients, momentum, clips, cache, caveat } = forecast
  const parts = [
    `activations ${gigabytes(activations)}`,
    `weights, gradients and momentum ${gigabytes(weights + gradients + momentum)}`,
    `clips ${gigabytes(clips)}`,
    ...(cache > 0 ? [`cache ${gigabytes(cache)}`] : []),
  ]
  const device = deviceAvailable === undefined ? '' : `, ${gigabytes(deviceAvailable)} of the device`
  return `memory: about ${gigabytes(total)} (${parts.join(', ')}); free: ${gigabytes(available)}${device}${caveat === undefined ? '' : `; ${caveat}`}`
}

/** on cpu in float32 (auto: this CPU has no bfloat16 instructions) */
function startText({ device, precision, reason }: StartEvent): string {
  return `on ${device} in ${precision}${reason === null ? '' : ` (auto: ${reason})`}`
}

function validationText({ clipTop1, videoTop1, multiLabel }: Scores): string {
  if (multiLabel)
    return `validation mAP ${percent(multiLabel.meanAveragePrecision)} (micro F1 ${percent(multiLabel.microF1)})`
  return `validation ${percent(clipTop1)} (videos ${percent(videoTop1)})`
}

/** epoch 3/12  loss 1.234  accuracy 56.1%  validation 61.0% (videos 66.7%)  12.3 clips/s  data wait 2% */
function epochLine(event: EpochEvent): string {
  const { validation } = event
  return [
    `epoch ${String(event.epoch).padStart(String(event.epochs).length)}/${event.epochs}`,
    `loss ${event.loss.toFixed(3)}`,
    `accuracy ${percent(event.accuracy)}`,
    ...(validation ? [validationText(validation)] : []),
    `${event.clipsPerSecond.toFixed(1)} clips/s`,
    `data wait ${Math.round(100 * event.dataWait)}%`,
  ].join('  ')
}
