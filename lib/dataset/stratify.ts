import type { Random } from '../random'
import type { Group } from './split'

/** A part that groups are dealt to. */
export interface WantedPart {
  /** Of all items. */
  fraction: number
  /** Whether it may have all items of a class. At least one part may. */
  mayExhaust: boolean
}

/**
 * Deals groups whose items have any number of classes out to parts: the part of each. Every class is parted in the same
 * fractions, as nearly as whole groups allow.
 *
 * This is iterative stratification (Sechidis, Tsoumakas and Vlahavas, "On the Stratification of Multi-Label Data", ECML
 * PKDD 2011, algorithm 1): the class with the fewest items left comes first, since later ones can no longer even it out.
 * There, each of its examples goes to the part that lacks most of that one class. A group is many examples, so it goes
 * where it mends most in all of its classes; and while there are groups enough, no part is left without a class because
 * its fraction is small.
 *
 * @param groups in a random order, which settles ties
 */
export function stratify(
  groups: readonly Group[],
  wanted: readonly WantedPart[],
  random: Random,
): Map<Group, number> {
  const undealt = new UndealtGroups(groups)
  const parts = wanted.map((part) => new Part(part, undealt))
  const partOf = new Map<Group, number>()
  const deal = (group: Group, candidates: readonly Part[]) => {
    const part = oneOf(
      greatest(candidates, (each) => each.missing),
      random,
    )
    part.take(group)
    partOf.set(group, parts.indexOf(part))
  }
  for (let label = undealt.rarest(); label !== undefined; label = undealt.rarest()) {
    const rarest = label
    const some = undealt.take(rarest)
    for (const [i, group] of some.entries()) {
      const allowed = parts.filter((part) => part.mayTake(group))
      const without = allowed.filter((part) => !part.has(rarest))
      const open = some.length - i <= without.length ? without : allowed
      deal(
        group,
        greatest(open, (part) => part.gain(group)),
      )
    }
  }
  for (const group of undealt.withoutClasses()) deal(group, parts)
  return partOf
}

/** Groups and items of each class that are still to be dealt. */
class UndealtGroups {
  /** Items of each class; also of those that are dealt. */
  readonly totals = new Map<number, number>()
  /** Items in all, likewise. */
  readonly size: number
  readonly #left = new Set<Group>()
  readonly #items: Map<number, number>
  readonly #groups = new Map<number, Group[]>()

  constructor(groups: readonly Group[]) {
    this.size = groups.reduce((sum, group) => sum + group.size, 0)
    for (const group of groups) {
      this.#left.add(group)
      for (const [label, count] of group.counts) {
        this.totals.set(label, (this.totals.get(label) ?? 0) + count)
        const others = this.#groups.get(label)
        if (others) others.push(group)
        else this.#groups.set(label, [group])
      }
    }
    this.#items = new Map(this.totals)
  }

  /** The class with the fewest items left; undefined: no class has any. */
  rarest(): number | undefined {
    let rarest: number | undefined
    let fewest = Number.POSITIVE_INFINITY
    for (const [label, count] of this.#items)
      if (count > 0 && count < fewest) {
        rarest = label
        fewest = count
      }
    return rarest
  }

  /** All groups of a class that are left; those with most of it first, so that the small ones can even out what they leave. */
  take(label: number): Group[] {
    const taken = (this.#groups.get(label) ?? []).filter((group) => this.#left.has(group))
    for (const group of taken) {
      this.#left.delete(group)
      for (const [each, count] of group.counts) this.#items.set(each, (this.#items.get(each) ?? 0) - count)
    }
    return taken.sort((a, b) => (b.counts.get(label) ?? 0) - (a.counts.get(label) ?? 0))
  }

  /** What is left when no class has a group left, the largest first. */
  withoutClasses(): Group[] {
    return [...this.#left].sort((a, b) => b.size - a.size)
  }
}

class Part {
  readonly #wanted: WantedPart
  readonly #all: Pick<UndealtGroups, 'totals' | 'size'>
  readonly #taken = new Map<number, number>()
  #size = 0

  constructor(wanted: WantedPart, all: Pick<UndealtGroups, 'totals' | 'size'>) {
    this.#wanted = wanted
    this.#all = all
  }

  take(group: Group): void {
    for (const [label, count] of group.counts) this.#taken.set(label, this.#takenOf(label) + count)
    this.#size += group.size
  }

  has(label: number): boolean {
    return this.#takenOf(label) > 0
  }

  mayTake(group: Group): boolean {
    if (this.#wanted.mayExhaust) return true
    return [...group.counts].every(([label, count]) => this.#takenOf(label) + count < this.#totalOf(label))
  }

  /**
   * By how much a group brings the numbers of its classes nearer to those that are wanted: squared distances, as parts
   * of the wanted numbers.
   */
  gain(group: Group): number {
    let gain = 0
    for (const [label, count] of group.counts) {
      const wanted = this.#wanted.fraction * this.#totalOf(label)
      const missing = wanted - this.#takenOf(label)
      gain += (missing ** 2 - (missing - count) ** 2) / wanted
    }
    return gain
  }

  /** Items that it should still get, of whatever class; below 0: it has more than it should. */
  get missing(): number {
    return this.#wanted.fraction * this.#all.size - this.#size
  }

  #takenOf(label: number): number {
    return this.#taken.get(label) ?? 0
  }

  #totalOf(label: number): number {
    return this.#all.totals.get(label) ?? 0
  }
}

function greatest<T>(elements: readonly T[], worth: (element: T) => number): T[] {
  const values = elements.map(worth)
  const most = Math.max(...values)
  // Fractions of whole numbers: what differs by less is equal but for rounding.
  return elements.filter((_, i) => (values[i] ?? 0) > most - 1e-9)
}

function oneOf<T>(elements: readonly T[], random: Random): T {
  return elements[elements.length === 1 ? 0 : random.below(elements.length)] as T
}
