import type { FeatureSet } from '../features/feature-set'
import type { NativeRows } from '../native/binding'
import { C3DError } from '../native/errors'

/** Some rows of a matrix, as the addon takes them. */
export function nativeRows(
  { data, dimensions }: { data: Float32Array; dimensions: number },
  rows: readonly number[],
): NativeRows {
  return { features: data, dimensions, rows: Int32Array.from(rows) }
}

export function allRows({ rows }: FeatureSet): number[] {
  return rows.map((_, place) => place)
}

/** The class number of every row. Throws C3D_INVALID_ARGUMENT for a row of several classes or none. */
export function classNumbers({ rows, classes }: FeatureSet): number[] {
  const numbers = new Map(classes.map((name, number) => [name, number]))
  return rows.map(({ path, label, labels }) => {
    const number = labels ? undefined : numbers.get(label)
    if (number === undefined)
      throw new C3DError(
        'C3D_INVALID_ARGUMENT',
        `Expected one class for every row of the features, but '${path}' has ${labels ? labels.length : 'none'}. Take such rows out with subset().`,
      )
    return number
  })
}

/** Places of the largest of each `classes` values; of equal ones the first. */
export function bestClasses(decisions: Float64Array, classes: number): number[] {
  return Array.from({ length: decisions.length / classes }, (_, row) => {
    let best = 0
    for (let i = 1; i < classes; i++)
      if ((decisions[row * classes + i] ?? 0) > (decisions[row * classes + best] ?? 0)) best = i
    return best
  })
}
