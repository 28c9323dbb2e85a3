import type { DatasetState } from './dataset'
import { C3DError } from './native/errors'

/** The items of a data set with the model's class numbers; a data set may have its classes in another order. */
export function numberedItems(
  { items }: DatasetState,
  classes: readonly string[],
): { video: number; label: number }[] {
  const numbers = new Map(classes.map((name, number) => [name, number]))
  return items.map(({ video, label }) => {
    const number = numbers.get(label)
    if (number === undefined)
      throw new C3DError(
        'C3D_INVALID_ARGUMENT',
        `The data set has the class '${label}', which the model does not know. Its classes: ${classes.join(', ')}.`,
      )
    return { video, label: number }
  })
}
