import type { VideoPair } from '../config/similarity'
import { unhurried } from '../dataset/unhurried'
import type { FeatureSet } from '../features/feature-set'
import { C3DError } from '../native/errors'
import { distances } from './distances'

/**
 * All distances between the videos of each pair, for each set of features: [pairs, sets * 12].
 *
 * @throws C3D_INVALID_ARGUMENT for a video of which there are no features, and for negative ones
 */
export async function pairDistances(
  sets: readonly FeatureSet[],
  pairs: readonly VideoPair[],
): Promise<Float64Array> {
  const measures = Object.values(distances)
  const width = sets.length * measures.length
  const values = new Float64Array(pairs.length * width)
  const finders = sets.map(rowFinder)
  let row = 0
  for await (const { first, second } of unhurried(pairs)) {
    for (const [s, find] of finders.entries()) {
      const [x, y] = [find(first), find(second)]
      for (const [m, measure] of measures.entries())
        values[row * width + s * measures.length + m] = measure(x, y)
    }
    row++
  }
  return values
}

/** Finds the row of a path, or of a path that ends with it. */
function rowFinder(set: FeatureSet): (path: string) => Float32Array {
  if (set.data.some((value) => value < 0))
    throw new C3DError(
      'C3D_INVALID_ARGUMENT',
      `Expected features without negative values, which the distances have no meaning for, but '${set.layer}' has some. Take prob, fc7, fc6 or pool5.`,
    )
  const places = new Map<string, number>()
  for (const [place, { path }] of set.rows.entries()) {
    const parts = path.split(/[\\/]/)
    for (let i = 0; i < parts.length; i++) {
      const end = parts.slice(i).join('/')
      places.set(end, places.has(end) ? -1 : place) // -1: not told by this end alone
    }
  }
  return (path) => {
    const place = places.get(path.replaceAll('\\', '/'))
    if (place === undefined || place < 0)
      throw new C3DError(
        'C3D_INVALID_ARGUMENT',
        `Expected features of '${path}' in '${set.layer}', but ${place === undefined ? 'there are none' : 'several videos end so'}.`,
      )
    return set.row(place)
  }
}
