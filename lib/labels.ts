import type { ItemCounts } from './config/loss'
import type { DatasetItem, DatasetState } from './dataset'
import { labelsOf } from './dataset/video-item'
import type { NativeItems, NativeVideoSet } from './native/binding'
import { C3DError } from './native/errors'

/** What a model can answer. */
export interface ModelClasses {
  classes: readonly string[]
  /** Whether an item may have any number of them. */
  multiLabel: boolean
}

/**
 * The items of a data set with the model's class numbers, as the addon takes them; a data set may have its classes in
 * another order.
 *
 * @throws C3D_INVALID_ARGUMENT for a class that the model does not know, and, unless the model is multi-label, for an
 * item of several classes or none
 */
export function nativeItems(
  { native, items }: DatasetState,
  { classes, multiLabel }: ModelClasses,
): NativeItems {
  const numbers = new Map(classes.map((name, number) => [name, number]))
  if (!multiLabel) return labelled(native, items, (item) => numberOf(onlyLabel(item, native), numbers))
  const lists = items.map((item) => labelsOf(item).map((label) => numberOf(label, numbers)))
  let end = 0
  const ends = lists.map((list) => {
    end += list.length
    return end
  })
  return {
    ...labelled(native, items, (_, place) => {
      const [first = -1, second] = lists[place] ?? []
      return second === undefined ? first : -1
    }),
    classes: { numbers: Int32Array.from(lists.flat()), ends: Int32Array.from(ends) },
  }
}

/** The same where nothing is learnt: -1 for an item of several classes, of none, or of one that is not among these. */
export function looselyLabelledItems(
  { native, items }: DatasetState,
  classes: readonly string[],
): NativeItems {
  const numbers = new Map(classes.map((name, number) => [name, number]))
  return labelled(native, items, ({ label, labels }) => (labels ? -1 : (numbers.get(label) ?? -1)))
}

/** Items of every class, and in all. */
export function countLabels(items: NativeItems, classes: number): ItemCounts {
  const counts = new Array<number>(classes).fill(0)
  for (const label of items.classes?.numbers ?? items.labels) counts[label] = (counts[label] ?? 0) + 1
  return { byClass: counts, all: items.labels.length }
}

/** The class numbers of one item. */
export function classesOf({ labels, classes }: NativeItems, item: number): number[] {
  if (classes) return [...classes.numbers.subarray(classes.ends[item - 1] ?? 0, classes.ends[item])]
  return [labels[item] ?? -1]
}

function labelled(
  set: NativeVideoSet,
  items: readonly DatasetItem[],
  labelOf: (item: DatasetItem, place: number) => number,
): NativeItems {
  return {
    set,
    videos: Int32Array.from(items, (item) => item.video),
    labels: Int32Array.from(items, labelOf),
    starts: Float64Array.from(items, (item) => item.start),
    ends: Float64Array.from(items, (item) => item.end),
    classes: null,
  }
}

/** Whole videos whose classes are not known. */
export function unlabelledItems(set: NativeVideoSet): NativeItems {
  const count = set.videos.length
  return {
    set,
    videos: Int32Array.from({ length: count }, (_, i) => i),
    labels: new Int32Array(count).fill(-1),
    starts: new Float64Array(count),
    ends: new Float64Array(count),
    classes: null,
  }
}

function onlyLabel(item: DatasetItem, set: NativeVideoSet): string {
  const [label, ...others] = labelsOf(item)
  if (label !== undefined && others.length === 0) return label
  const all = labelsOf(item)
  throw new C3DError(
    'C3D_INVALID_ARGUMENT',
    `The model expects one class for every video, but '${set.videos[item.video]?.path}' has ${label === undefined ? 'none' : `${all.length}: ${all.join(', ')}`}. Take such videos out with subset(), or make the model with multiLabel: true (--multi-label), which learns any number of classes.`,
  )
}

function numberOf(label: string, numbers: ReadonlyMap<string, number>): number {
  const number = numbers.get(label)
  if (number === undefined) throw unknownClasses([label], [...numbers.keys()])
  return number
}

/** @param unknown classes of a data set that are not among those of the model */
export function unknownClasses(unknown: readonly string[], known: readonly string[]): C3DError {
  const names = unknown.map((name) => `'${name}'`).join(', ')
  return new C3DError(
    'C3D_INVALID_ARGUMENT',
    `The data set has the ${unknown.length === 1 ? 'class' : 'classes'} ${names}, which the model does not know. Its classes: ${known.join(', ')}.`,
  )
}
