import type { StepEvent } from '../training/events'

/** Weight of the latest step in a mean that forgets. */
const LATEST = 0.1

/** How fast a training goes, from its steps; some may be missing. */
export class TrainingPace {
  readonly #maxSteps: number
  #first: { step: number; seconds: number } | undefined
  #secondsLeft: number | undefined
  #clipsPerSecond: number | undefined
  #dataWait: number | undefined

  /** @param maxSteps the training's own limit */
  constructor(maxSteps = Number.POSITIVE_INFINITY) {
    this.#maxSteps = maxSteps
  }

  /** Mean over the latest steps. */
  get clipsPerSecond(): number {
    return this.#clipsPerSecond ?? 0
  }

  /** Mean over the latest steps, a part of 1. */
  get dataWait(): number {
    return this.#dataWait ?? 0
  }

  /** Until the last epoch or step; validations count as they have come between the steps. Undefined at the first step. */
  get secondsLeft(): number | undefined {
    return this.#secondsLeft
  }

  /** @param now seconds on any clock */
  add(event: StepEvent, now: number): void {
    this.#clipsPerSecond = mean(this.#clipsPerSecond, event.clipsPerSecond)
    this.#dataWait = mean(this.#dataWait, event.dataWait)
    this.#first ??= { step: event.step, seconds: now }
    const { step, seconds } = this.#first
    if (event.step === step) return
    const stepsLeft =
      (event.epochs - event.epoch) * event.stepsInEpoch + (event.stepsInEpoch - event.stepInEpoch)
    const left = Math.min(stepsLeft, this.#maxSteps - event.step)
    this.#secondsLeft = (left * (now - seconds)) / (event.step - step)
  }
}

function mean(before: number | undefined, latest: number): number {
  return before === undefined ? latest : before + LATEST * (latest - before)
}
