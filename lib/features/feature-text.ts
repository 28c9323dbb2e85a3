import { toCsv } from '../files/csv'
import type { FeatureSet } from './feature-set'

/** Features as text, row by row, so that other work comes between. */

/** A table: path, label, start, end, then the values. */
export async function* csvRows({ rows, dimensions, ...features }: FeatureSet): AsyncGenerator<string> {
  const names = Array.from({ length: dimensions }, (_, i) => `f${i}`)
  yield toCsv([['path', 'label', 'start', 'end', ...names]])
  for (const [i, { path, label, labels, start = '', end = '' }] of rows.entries()) {
    const values = features.data.subarray(i * dimensions, (i + 1) * dimensions)
    yield toCsv([[path, labels?.join('|') ?? label, start, end, ...shortest(values)]])
  }
}

/** `head` in the first line, an object a row in the others. */
export async function* jsonLines(features: FeatureSet, head: object): AsyncGenerator<string> {
  yield `${JSON.stringify(head)}\n`
  for (const [i, row] of features.rows.entries())
    yield `${JSON.stringify({ ...row, features: shortest(features.row(i)) })}\n`
}

/** As few digits as tell every float32 from the others. */
function shortest(values: Float32Array): number[] {
  return Array.from(values, (value) => Number(value.toPrecision(9)))
}
