import { topPlaces } from '../scoring'
import type { Scores } from '../training/events'

/** One clip's outcome. */
interface ScoredClip {
  /** Place of its video. */
  item: number
  probabilities: readonly number[]
}

/** Gathers the scores of clips, in any order, into those of the clips and of their videos. */
export class EvaluationMetrics {
  readonly #classes: number
  readonly #labels: readonly number[]
  /** Sums of the clips' probabilities by video. */
  readonly #sums = new Map<number, number[]>()
  #loss = 0
  #clips = 0
  #top1 = 0
  #top5 = 0

  /** @param labels true class of every video */
  constructor(classes: number, labels: readonly number[]) {
    this.#classes = classes
    this.#labels = labels
  }

  add({ item, probabilities }: ScoredClip): void {
    const label = this.#label(item)
    this.#clips++
    this.#loss -= Math.log(Math.max(probabilities[label] ?? 0, Number.MIN_VALUE))
    if (hits(probabilities, label, 1)) this.#top1++
    if (hits(probabilities, label, 5)) this.#top5++
    const sums = this.#sums.get(item) ?? new Array<number>(this.#classes).fill(0)
    this.#sums.set(
      item,
      sums.map((sum, i) => sum + (probabilities[i] ?? 0)),
    )
  }

  scores(): Scores {
    const videos = [...this.#sums]
    const videoHits = (count: number) =>
      videos.filter(([item, sums]) => hits(sums, this.#label(item), count)).length
    return {
      loss: this.#loss / this.#clips,
      clipTop1: this.#top1 / this.#clips,
      clipTop5: this.#top5 / this.#clips,
      videoTop1: videoHits(1) / videos.length,
      videoTop5: videoHits(5) / videos.length,
      clips: this.#clips,
      videos: videos.length,
    }
  }

  /** Videos by class (row) and answer (column). */
  confusion(): number[][] {
    const table = Array.from({ length: this.#classes }, () => new Array<number>(this.#classes).fill(0))
    for (const [item, sums] of this.#sums) {
      const row = table[this.#label(item)] as number[]
      const [answer = 0] = topPlaces(sums, 1)
      row[answer] = (row[answer] ?? 0) + 1
    }
    return table
  }

  #label(item: number): number {
    return this.#labels[item] ?? -1
  }
}

function hits(scores: readonly number[], label: number, count: number): boolean {
  return topPlaces(scores, count).includes(label)
}
