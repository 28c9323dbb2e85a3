import type { Aggregate } from '../config/scoring'
import { softmax } from '../scoring'

/** Makes one answer of the network's outputs for several crops or clips. */
export class ScorePool {
  readonly #aggregate: Aggregate
  #pooled: number[] = []
  #count = 0

  constructor(aggregate: Aggregate) {
    this.#aggregate = aggregate
  }

  /** @param crops logits of one crop each */
  addAll(crops: readonly (readonly number[])[]): this {
    for (const crop of crops) this.#add(crop)
    return this
  }

  #add(logits: readonly number[]): void {
    const scores = this.#aggregate === 'logits' ? [...logits] : softmax(logits)
    const pool = this.#aggregate === 'max' ? Math.max : plus
    this.#pooled = this.#count++ === 0 ? scores : scores.map((score, i) => pool(score, this.#pooled[i] ?? 0))
  }

  /**
   * With logits z of n crops: 'probabilities': sum softmax(z) / n; 'logits': softmax(sum z / n); 'max': p / sum of p
   * over the classes, where p is each class's largest softmax(z). Throws C3D_NON_FINITE_LOSS.
   */
  probabilities(): number[] {
    if (this.#aggregate === 'logits') return softmax(this.#pooled.map((sum) => sum / this.#count))
    const total = this.#aggregate === 'max' ? this.#pooled.reduce(plus, 0) : this.#count
    return this.#pooled.map((score) => score / total)
  }
}

function plus(a: number, b: number): number {
  return a + b
}
