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
  return {
    set: native,
    videos: Int32Array.from(items, (item) => item.video),
    labels: Int32Array.from(items, (item) => numberOf(item, native, numbers)),
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
  if (number === undefined)
    throw new C3DError(
      'C3D_INVALID_ARGUMENT',
      `The data set has the class '${label}', which the model does not know. Its classes: ${[...numbers.keys()].join(', ')}.`,
    )
  return number
}
