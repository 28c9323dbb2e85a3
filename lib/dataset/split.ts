import { Random } from '../random'
import { stratify } from './stratify'

export interface SplitItem {
  /** Numbers of its classes: one as a rule, or several, or none. */
  labels: readonly number[]
  /** Items of one group never part. */
  group: string
}

/**
 * Which items go to the validation part. Stratified: every class gives about the same fraction, as nearly as whole
 * groups allow; every class of two or more groups gives at least one item (where items have several classes: unless
 * that would take all of another class), and no class gives all.
 */
export function chooseValidation(items: readonly SplitItem[], fraction: number, seed: number): boolean[] {
  const random = new Random('split', seed)
  const groups = random.shuffled(collectGroups(items))
  const chosen = isMultiLabel(items) ? chosenOfMany(groups, fraction, random) : chosenOfOne(groups, fraction)
  const names = new Set([...chosen].map((group) => group.name))
  return items.map((item) => names.has(item.group))
}

/** Where every item has one class. */
function chosenOfOne(groups: readonly Group[], fraction: number): Set<Group> {
  const quota = new Quota(groups, fraction)
  const chosen = new Set<Group>()
  const take = (group: Group) => {
    quota.take(group)
    chosen.add(group)
  }
  for (const group of groups) if (quota.change(group) < 0 && !quota.exhausts(group)) take(group)
  for (const label of quota.emptyLabels()) {
    const candidates = groups.filter((group) => group.counts.has(label) && !quota.exhausts(group))
    const best = candidates.sort((a, b) => quota.change(a) - quota.change(b))[0]
    if (best && quota.isEmpty(label)) take(best)
  }
  return chosen
}

/** Where items have any number of them. */
function chosenOfMany(groups: readonly Group[], fraction: number, random: Random): Set<Group> {
  const training = { fraction: 1 - fraction, mayExhaust: true }
  const partOf = stratify(groups, [training, { fraction, mayExhaust: false }], random)
  return new Set(groups.filter((group) => partOf.get(group) === 1))
}

/** Items that never part. */
export interface Group {
  name: string
  /** Items in all. */
  size: number
  /** Items of each label. */
  counts: Map<number, number>
}

export function collectGroups(items: readonly SplitItem[]): Group[] {
  const groups = new Map<string, Group>()
  for (const { group: name, labels } of items) {
    const group = groups.get(name) ?? { name, size: 0, counts: new Map() }
    group.size++
    for (const label of labels) group.counts.set(label, (group.counts.get(label) ?? 0) + 1)
    groups.set(name, group)
  }
  return [...groups.values()]
}

/** Whether any item has several classes or none. */
export function isMultiLabel(items: readonly SplitItem[]): boolean {
  return items.some(({ labels }) => labels.length !== 1)
}

/** How many items of each label are wanted and taken. */
class Quota {
  readonly #total = new Map<number, number>()
  readonly #taken = new Map<number, number>()
  readonly #fraction: number

  constructor(groups: readonly Group[], fraction: number) {
    this.#fraction = fraction
    for (const { counts } of groups)
      for (const [label, count] of counts) this.#total.set(label, (this.#total.get(label) ?? 0) + count)
  }

  /** By how much the distance from the wanted numbers grows when a group is taken; below 0: it gets better. */
  change(group: Group): number {
    let change = 0
    for (const [label, count] of group.counts) {
      const missing = (this.#total.get(label) ?? 0) * this.#fraction - this.#takenOf(label)
      change += Math.abs(missing - count) - Math.abs(missing)
    }
    return change
  }

  /** Whether taking a group would leave a label without training items. */
  exhausts(group: Group): boolean {
    return [...group.counts].some(
      ([label, count]) => this.#takenOf(label) + count >= (this.#total.get(label) ?? 0),
    )
  }

  take(group: Group): void {
    for (const [label, count] of group.counts) this.#taken.set(label, this.#takenOf(label) + count)
  }

  isEmpty(label: number): boolean {
    return this.#takenOf(label) === 0
  }

  emptyLabels(): number[] {
    return [...this.#total.keys()].filter((label) => this.isEmpty(label))
  }

  #takenOf(label: number): number {
    return this.#taken.get(label) ?? 0
  }
}
