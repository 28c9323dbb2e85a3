import path from 'node:path'
import type { StudyDoneEvent, StudyEvent, StudyOutcome, StudyTrainingEvent } from '../study/events'
import { summaryTable, tableNotes } from '../study/tables'
import type { Terminal } from './terminal'
import { duration, percent, table } from './text'

/** Shows the events of a study: a bar for the steps, a line for every epoch and training, and the table at the end. */
export class StudyReport {
  readonly #terminal: Terminal
  /** Every training may have the same to say. */
  readonly #said = new Set<string>()
  #number = ''

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  show(event: StudyEvent): void {
    this.#terminal.emit(event)
    switch (event.type) {
      case 'training':
        this.#begin(event)
        break
      case 'step':
        this.#terminal.progress(
          `${this.#number} ${event.net} seed ${event.seed} epoch ${event.epoch} loss ${event.loss.toFixed(3)}`,
          event.stepInEpoch,
          event.stepsInEpoch,
        )
        break
      case 'epoch':
        this.#terminal.note(
          `  epoch ${event.epoch}/${event.epochs}  loss ${event.loss.toFixed(3)}  accuracy ${percent(event.accuracy)}  validation ${percent(event.validation?.clipTop1 ?? 0)} (videos ${percent(event.validation?.videoTop1 ?? 0)})`,
        )
        break
      case 'unreadable':
        this.#once(`left out: ${event.path}: ${event.reason}`)
        break
      case 'warning':
        this.#once(`warning: ${event.message}`)
        break
      case 'outcome':
        this.#terminal.note(`  ${outcomeText(event)}`)
        break
      case 'done':
        this.#end(event)
        break
    }
  }

  #begin({ state, number, total, net, seed }: StudyTrainingEvent): void {
    this.#number = `${number}/${total}`
    const how = { new: '', resumed: ', going on', 'done-before': ', done before' }[state]
    this.#terminal.note(`${this.#number} ${net}, seed ${seed}${how}`)
  }

  #once(text: string): void {
    if (this.#said.has(text)) return
    this.#said.add(text)
    this.#terminal.note(text)
  }

  #end(event: StudyDoneEvent): void {
    this.#terminal.print(table(summaryTable(event)))
    for (const note of tableNotes(event)) this.#terminal.note(note)
    this.#terminal.print(`results: ${path.join(event.out, 'results.md')}`)
  }
}

function outcomeText({ reason, epochs, seconds }: StudyOutcome): string {
  if (reason === 'diverged') return 'diverged: the loss was no number any more'
  const last = epochs.at(-1)?.validation
  return `clips ${percent(last?.clipTop1 ?? 0)}, videos ${percent(last?.videoTop1 ?? 0)}, ${duration(seconds)} of training`
}
