import type { Aggregate } from '../config/scoring'
import { activate } from '../scoring'

/** Makes one answer of the network's outputs for several crops or clips. */
export class ScorePool {
  readonly #aggregate: Aggregate
  readonly #multiLabel: boolean
  #pooled: number[] = []
  #count = 0

  /** @param multiLabel whether an output is a yes or no of its own */
  constructor(aggregate: Aggregate, multiLabel: boolean) {
    this.#aggregate = aggregate
    this.#multiLabel = multiLabel
  }

  /** @param crops logits of one crop each */
  addAll(crops: readonly (readonly number[])[]): this {
    for (const crop of crops) this.#add(crop)
    return this
  }

  #add(logits: readonly number[]): void {
    const scores = this.#aggregate === 'logits' ? [...logits] : this.#activate(logits)
    const pool = this.#aggregate === 'max' ? Math.max : plus
    this.#pooled = this.#count++ === 0 ? scores : scores.map((score, i) => pool(score, this.#pooled[i] ?? 0))
  }

  /**
   * With logits z of n crops: 'probabilities': sum softmax(z) / n; 'logits': softmax(sum z / n); 'max': p / sum of p
   * over the classes, where p is each class's largest softmax(z). Of a multi-label model, the sigmoid instead of the
   * softmax, and 'max' is p itself. Throws C3D_NON_FINITE_LOSS.
   */
  probabilities(): number[] {
    if (this.#aggregate === 'logits') return this.#activate(this.#pooled.map((sum) => sum / this.#count))
    if (this.#aggregate === 'max' && this.#multiLabel) return [...this.#pooled]
    const total = this.#aggregate === 'max' ? this.#pooled.reduce(plus, 0) : this.#count
    return this.#pooled.map((score) => score / total)
  }

  #activate(logits: readonly number[]): number[] {
    return activate(logits, this.#multiLabel)
  }
}

function plus(a: number, b: number): number {
  return a + b
}
