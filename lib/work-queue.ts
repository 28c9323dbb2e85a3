import { onAbort } from './native/abort'
import { abortError } from './native/errors'

/** Runs at most `concurrency` pieces of work at once; the others wait, first come, first served. */
export class WorkQueue {
  #concurrency: number
  #running = 0
  readonly #waiting = new Set<() => void>()

  constructor(concurrency: number) {
    this.#concurrency = concurrency
  }

  get concurrency(): number {
    return this.#concurrency
  }

  /** Where it rises, those who wait begin at once; where it falls, those who run end first. */
  set concurrency(value: number) {
    this.#concurrency = value
    this.#startNext()
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /**
   * The result of `work`, begun when its turn has come.
   *
   * @throws C3D_ABORTED where `signal` is aborted before that; `work` is then never begun
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#turn(signal)
    try {
      return await work()
    } finally {
      this.#running--
      this.#startNext()
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(abortError(signal))
        return
      }
      const start = (): void => {
        ignoreAbort()
        this.#running++
        resolve()
      }
      const ignoreAbort = onAbort(signal, () => {
        ignoreAbort()
        this.#waiting.delete(start)
        reject(abortError(signal as AbortSignal))
      })
      this.#waiting.add(start)
      this.#startNext()
    })
  }

  #startNext(): void {
    for (const start of this.#waiting) {
      if (this.#running >= this.#concurrency) return
      this.#waiting.delete(start)
      start()
    }
  }
}
