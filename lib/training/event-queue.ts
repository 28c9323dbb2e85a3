/** Events that wait for their reader. */
export class EventQueue<T> {
  readonly #waiting: { event: T; droppable: boolean }[] = []
  readonly #mostDroppable: number
  #droppable = 0
  #end: { error?: unknown } | undefined
  #wake: (() => void) | undefined

  /** @param mostDroppable when so many droppable events wait, the oldest of them makes place for a new one */
  constructor(mostDroppable: number) {
    this.#mostDroppable = mostDroppable
  }

  push(event: T, droppable: boolean): void {
    if (droppable && this.#droppable === this.#mostDroppable) this.#dropOldest()
    this.#waiting.push({ event, droppable })
    if (droppable) this.#droppable++
    this.#wake?.()
  }

  /** After the events that wait already, the reader meets the end, or the error. */
  end(outcome: { error?: unknown } = {}): void {
    this.#end ??= outcome
    this.#wake?.()
  }

  /** The next event, waiting for it if need be; nothing at the end. For one reader at a time. */
  async take(): Promise<{ event: T } | undefined> {
    for (;;) {
      const next = this.#waiting.shift()
      if (next) {
        if (next.droppable) this.#droppable--
        return next
      }
      if (this.#end) {
        if ('error' in this.#end) throw this.#end.error
        return undefined
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
  }

  #dropOldest(): void {
    const place = this.#waiting.findIndex((waiting) => waiting.droppable)
    this.#waiting.splice(place, 1)
    this.#droppable--
  }
}
