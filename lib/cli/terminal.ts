import type { SingleBar } from 'cli-progress'

export interface Streams {
  stdout: NodeJS.WritableStream
  stderr: NodeJS.WritableStream & { isTTY?: boolean }
}

/**
 * Lets readers leave early, as those of `c3d … | head` and `c3d … 2>&1 | head` do: what is written behind them is lost,
 * and nothing else happens.
 */
export function letReadersLeave({ stdout, stderr }: Streams): void {
  for (const stream of [stdout, stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
}

/**
 * What a command says: results to stdout, as text or, with --json, as one object a line; everything else to stderr,
 * with a progress bar where that is a terminal.
 */
export class Terminal {
  readonly json: boolean
  readonly #streams: Streams
  #bar: SingleBar | undefined

  constructor(streams: Streams, json: boolean) {
    this.#streams = streams
    this.json = json
  }

  /** Called once where the reader of stdout has left, as soon as something is written that it does not take. */
  onReaderGone(callback: () => void): void {
    this.#streams.stdout.once('error', callback)
  }

  /** A result for people; left out with --json. */
  print(text: string): void {
    if (this.json) return
    this.clearProgress()
    this.#streams.stdout.write(`${text}\n`)
  }

  /** The same for programs; left out without --json. */
  emit(event: object): void {
    if (this.json) this.#streams.stdout.write(`${JSON.stringify(event)}\n`)
  }

  /** What is going on, for people. */
  note(text: string): void {
    this.clearProgress()
    this.#streams.stderr.write(`${text}\n`)
  }

  /**
   * Shows how far something is, with more about it behind the bar. Nothing where stderr is no terminal. A line that is
   * longer than the terminal is cut.
   */
  progress(what: string, done: number, total: number, more = ''): void {
    if (!this.#streams.stderr.isTTY) return
    if (!this.#bar) {
      const { Presets, SingleBar } = require('cli-progress') as typeof import('cli-progress')
      const options = {
        format: '{what} {bar} {value}/{total}  {more}',
        barsize: 16,
        stream: this.#streams.stderr,
        clearOnComplete: true,
      }
      this.#bar = new SingleBar({ ...options, hideCursor: true }, Presets.shades_classic)
      this.#bar.start(total, done, { what, more })
      return
    }
    this.#bar.setTotal(total)
    this.#bar.update(done, { what, more })
  }

  clearProgress(): void {
    this.#bar?.stop()
    this.#bar = undefined
  }
}
