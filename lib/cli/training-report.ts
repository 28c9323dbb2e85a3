import type { DoneEvent, EpochEvent, Scores, StepEvent, TrainingEvent } from '../training/events'
import type { Terminal } from './terminal'
import { duration, percent, plural } from './text'

/** Shows the events of a training: a bar for the steps, a line for every epoch, and how it ended. */
export class TrainingReport {
  readonly #terminal: Terminal

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  show(event: TrainingEvent): void {
    this.#terminal.emit(event)
    switch (event.type) {
      case 'step':
        this.#terminal.progress(stepText(event), event.stepInEpoch, event.stepsInEpoch)
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
      case 'done':
        this.#showEnd(event)
        break
    }
  }

  #showEnd({ epochs, steps, seconds, model }: DoneEvent): void {
    this.#terminal.note(`${plural(epochs, 'epoch')}, ${plural(steps, 'step')} in ${duration(seconds)}`)
    if (model !== undefined) this.#terminal.print(`model: ${model}`)
  }
}

function stepText({ epoch, loss }: StepEvent): string {
  return `epoch ${epoch} loss ${loss.toFixed(3)}`
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
