import { Random } from '../random'
import { collectGroups, type Group, type SplitItem } from './split'

/**
 * Deals the items out to `count` folds: the fold of each. Groups never part. Stratified: every class is spread over
 * the folds as evenly as whole groups allow. A fold stays empty when there are fewer groups than folds.
 */
export function dealFolds(items: readonly SplitItem[], count: number, seed: number): number[] {
  const folds = Array.from({ length: count }, () => new Fold())
  const totals = new Fold()
  const groups = new Random('folds', seed).shuffled(collectGroups(items))
  for (const group of groups) totals.add(group)
  const foldOf = new Map<string, number>()
  // The largest first, so that the small ones can even out what those leave.
  for (const group of groups.sort((a, b) => sizeOf(b) - sizeOf(a))) {
    const best = folds.reduce((a, b) => (b.crowding(group, totals) < a.crowding(group, totals) ? b : a))
    best.add(group)
    foldOf.set(group.name, folds.indexOf(best))
  }
  return items.map(({ group }) => foldOf.get(group) ?? 0)
}

/** Items of each label in a fold. */
class Fold {
  readonly #counts = new Map<number, number>()
  #size = 0

  add(group: Group): void {
    for (const [label, count] of group.counts) this.#counts.set(label, this.#of(label) + count)
    this.#size += sizeOf(group)
  }

  /** How much of the group's classes is here already; among equals, the fold with fewer items wins. */
  crowding(group: Group, totals: Fold): number {
    let crowding = 0
    for (const [label, count] of group.counts) crowding += (count * this.#of(label)) / totals.#of(label)
    return crowding + this.#size / (2 * totals.#size ** 2)
  }

  #of(label: number): number {
    return this.#counts.get(label) ?? 0
  }
}

function sizeOf(group: Group): number {
  return [...group.counts.values()].reduce((a, b) => a + b, 0)
}
