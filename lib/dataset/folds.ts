import { Random } from '../random'
import { collectGroups, type Group, isMultiLabel, type SplitItem } from './split'
import { stratify } from './stratify'

/**
 * Deals the items out to `count` folds: the fold of each. Groups never part. Stratified: every class is spread over
 * the folds as evenly as whole groups allow. A fold stays empty when there are fewer groups than folds.
 */
export function dealFolds(items: readonly SplitItem[], count: number, seed: number): number[] {
  const random = new Random('folds', seed)
  const groups = random.shuffled(collectGroups(items))
  const parts = Array.from({ length: count }, () => ({ fraction: 1 / count, mayExhaust: true }))
  const foldOf = isMultiLabel(items) ? stratify(groups, parts, random) : dealOfOne(groups, count)
  const foldOfName = new Map([...foldOf].map(([{ name }, fold]) => [name, fold]))
  return items.map(({ group }) => foldOfName.get(group) ?? 0)
}

/** Where every item has one class. */
function dealOfOne(groups: readonly Group[], count: number): Map<Group, number> {
  const folds = Array.from({ length: count }, () => new Fold())
  const totals = new Fold()
  for (const group of groups) totals.add(group)
  const foldOf = new Map<Group, number>()
  // The largest first, so that the small ones can even out what those leave.
  for (const group of [...groups].sort((a, b) => b.size - a.size)) {
    const best = folds.reduce((a, b) => (b.crowding(group, totals) < a.crowding(group, totals) ? b : a))
    best.add(group)
    foldOf.set(group, folds.indexOf(best))
  }
  return foldOf
}

/** Items of each label in a fold. */
class Fold {
  readonly #counts = new Map<number, number>()
  #size = 0

  add(group: Group): void {
    for (const [label, count] of group.counts) this.#counts.set(label, this.#of(label) + count)
    this.#size += group.size
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
