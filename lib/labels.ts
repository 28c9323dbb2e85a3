import type { DatasetItem, DatasetState } from './dataset'
import type { NativeItems, NativeVideoSet } from './native/binding'
import { C3DError } from './native/errors'

/**
 * The items of a data set with the model's class numbers, as the addon takes them; a data set may have its classes in
 * another order.
 *
 * @throws C3D_INVALID_ARGUMENT for a class that the model does not know, and for an item of several classes or none
 */
export function nativeItems({ native, items }: DatasetState, classes: readonly string[]): NativeItems {
  const numbers = new Map(classes.map((name, number) => [name, number]))
  return labelled(native, items, (item) => numberOf(item, native, numbers))
}

/** The same where nothing is learnt: -1 for an item of several classes, of none, or of one that is not among these. */
export function looselyLabelledItems(
  { native, items }: DatasetState,
  classes: readonly string[],
): NativeItems {
  const numbers = new Map(classes.map((name, number) => [name, number]))
  return labelled(native, items, ({ label, labels }) => (labels ? -1 : (numbers.get(label) ?? -1)))
}

/** Items of every class. */
export function countLabels({ labels }: NativeItems, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0)
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1
  return counts
}

function labelled(
  set: NativeVideoSet,
  items: readonly DatasetItem[],
  labelOf: (item: DatasetItem) => number,
): NativeItems {
  return {
    set,
    videos: Int32Array.from(items, (item) => item.video),
    labels: Int32Array.from(items, labelOf),
    starts: Float64Array.from(items, (item) => item.start),
    ends: Float64Array.from(items, (item) => item.end),
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
  }
}

function numberOf(
  { video, label, labels }: DatasetItem,
  set: NativeVideoSet,
  numbers: ReadonlyMap<string, number>,
): number {
  if (labels !== undefined || label === '')
    throw new C3DError(
      'C3D_INVALID_ARGUMENT',
      `Expected one class for every video, but '${set.videos[video]?.path}' has ${labels ? `${labels.length}: ${labels.join(', ')}` : 'none'}. Training and evaluation want one label: take such videos out with subset().`,
    )
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
