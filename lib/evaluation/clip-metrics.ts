import { topPlaces } from '../scoring'

/** Scores of clips, whose order does not matter. */
export interface ClipScores {
  /** Mean cross-entropy; of a multi-label model, mean binary cross-entropy of clips and classes. */
  loss: number
  clipTop1: number
  clipTop5: number
  clips: number
}

/** Adds up the scores of clips that have one class. */
export class ClipMetrics {
  #loss = 0
  #clips = 0
  #top1 = 0
  #top5 = 0

  add(probabilities: readonly number[], [label = -1]: readonly number[]): void {
    this.#clips++
    this.#loss -= Math.log(Math.max(probabilities[label] ?? 0, Number.MIN_VALUE))
    const best = topPlaces(probabilities, 5)
    if (best[0] === label) this.#top1++
    if (best.includes(label)) this.#top5++
  }

  scores(): ClipScores {
    return {
      loss: this.#loss / this.#clips,
      clipTop1: this.#top1 / this.#clips,
      clipTop5: this.#top5 / this.#clips,
      clips: this.#clips,
    }
  }
}
