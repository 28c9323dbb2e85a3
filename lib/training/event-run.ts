import { C3DError, isAborted } from '../native/errors'
import { EventQueue } from './event-queue'

/** Events that may be dropped and wait for a slow reader: some seconds' worth. */
const MOST_WAITING = 256

/** Why a run's signal is aborted when the reader has left or asked for the end, rather than the caller's own signal. */
export const STOP_REQUEST = Symbol('stop requested')

/** What a run runs. When the signal is aborted it ends early: with a result for STOP_REQUEST, else with C3D_ABORTED. */
export type Work<Event, Result> = (emit: (event: Event) => void, signal: AbortSignal) => Promise<Result>

/**
 * Long work under way. It runs by itself; read its events, or wait for `done`, or both.
 *
 * - `for await (const event of run)` sees everything, last the event 'done' with the result. One reader at a time and
 *   one in all. Events wait for the reader; of steps and progress, the oldest are dropped when 256 wait.
 * - Leaving the loop (`break`, `return`, a throw) or `stop()` ends the work within a training step, saves it where it
 *   is kept in a folder, and settles `done` with the reason 'stopped'. The loop is left when the work has ended.
 * - Aborting the signal does the same, but then the reader and `done` reject with C3D_ABORTED, whose cause is the
 *   signal's reason.
 * - An error of the work rejects both. It never ends the process by itself: a run that nobody reads or waits for fails
 *   silently.
 */
export class EventRun<Event extends { type: string }, Result extends object>
  implements AsyncIterable<Event | ({ type: 'done' } & Result)>, AsyncDisposable
{
  /** Settles when the work has ended and everything is written. */
  readonly done: Promise<Result>
  readonly #queue = new EventQueue<Event | ({ type: 'done' } & Result)>(MOST_WAITING)
  readonly #controller = new AbortController()
  readonly #what: string
  #settled = false
  #read = false

  /** @internal @param what for messages: 'a training' */
  constructor(what: string, work: Work<Event, Result>, signal?: AbortSignal) {
    this.#what = what
    this.done = this.#run(work, signal)
    // The reader meets the same error; without this, reading alone would leave an unhandled rejection.
    this.done.catch(() => {})
  }

  /** Ends the work within a training step; see above. */
  async stop(): Promise<Result> {
    this.#controller.abort(STOP_REQUEST)
    return this.done
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event | ({ type: 'done' } & Result), void, undefined> {
    this.#claim()
    try {
      for (let next = await this.#queue.take(); next; next = await this.#queue.take()) yield next.event
    } finally {
      await this.#leave()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leave()
  }

  async #run(work: Work<Event, Result>, signal: AbortSignal | undefined): Promise<Result> {
    const abort = () => this.#controller.abort(signal?.reason)
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, { once: true })
    try {
      const result = await work((event) => this.#emit(event), this.#controller.signal)
      this.#emit({ type: 'done', ...result })
      this.#settled = true
      this.#queue.end()
      return result
    } catch (error) {
      this.#settled = true
      this.#queue.end({ error })
      throw error
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  #emit(event: Event | ({ type: 'done' } & Result)): void {
    this.#queue.push(event, event.type === 'step' || event.type === 'progress')
  }

  #claim(): void {
    if (this.#read)
      throw new C3DError(
        'C3D_INVALID_ARGUMENT',
        `The events of ${this.#what} can be read once, by one loop. Read them all in one \`for await\` and share them from there.`,
      )
    this.#read = true
  }

  async #leave(): Promise<void> {
    if (this.#settled) return
    this.#controller.abort(STOP_REQUEST)
    await this.done.catch((error) => {
      // The reader left of its own will, so being aborted is no news; a failure to save is.
      if (!isAborted(error)) throw error
    })
  }
}
