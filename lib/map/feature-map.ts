import { setImmediate as nextTurn } from 'node:timers/promises'
import { type MapOptions, mapSchema } from '../config/map'
import { parse } from '../config/parse'
import type { FeatureRow, FeatureSet } from '../features/feature-set'
import { abortError, C3DError } from '../native/errors'
import { Pca } from '../pca'
import { Random } from '../random'

/** A video, or a clip of it, and its place on the map. */
export interface MapPoint extends FeatureRow {
  x: number
  y: number
}

/** Features in the plane. Only which points are near each other means something. */
export interface FeatureMap {
  /** What the features are, like 'fc6'. */
  layer: string
  /** Names of the classes, in order. */
  classes: readonly string[]
  /** One for each row of the features, in order. */
  points: MapPoint[]
}

/** UMAP needs some for a row to have neighbours. */
const FEWEST_ROWS = 4

/** Milliseconds of passes before others get their turn. */
const LONGEST_TURN = 10

/**
 * A map of a data set's features by UMAP (McInnes, Healy and Melville, 2018): rows whose features are alike come to
 * lie near each other. The same features and options give the same map. `saveMap` draws it.
 *
 * UMAP computes on the calling thread, and before its first pass for seconds in one piece where there are thousands of
 * rows: a tool, not for services.
 *
 * @example await saveMap('map.html', await mapFeatures(await loadFeatures('fc6.npz')))
 * @throws C3D_INVALID_ARGUMENT (fewer than 4 rows; values that are not finite), C3D_ABORTED
 */
export async function mapFeatures(features: FeatureSet, options: MapOptions = {}): Promise<FeatureMap> {
  const { neighbors, minDistance, components, passes, seed, signal, onProgress } = parse(
    mapSchema,
    options,
    'map',
  )
  const count = features.rows.length
  if (count < FEWEST_ROWS)
    throw new C3DError(
      'C3D_INVALID_ARGUMENT',
      `Expected ${FEWEST_ROWS} or more rows for a map, got ${count}.`,
    )
  const reduced = await reduce(features, Math.min(components, count - 1), signal)
  const random = new Random(seed)
  const { UMAP } = await import('umap-js')
  const umap = new UMAP({
    nNeighbors: Math.min(neighbors, count - 1),
    minDist: minDistance,
    ...(passes !== undefined && { nEpochs: passes }),
    random: () => random.next(),
  })
  const total = umap.initializeFit(reduced.rows.map((_, row) => [...reduced.row(row)]))
  let since = performance.now()
  for (let done = 1; done <= total; done++) {
    umap.step()
    if (performance.now() - since < LONGEST_TURN && done < total) continue
    onProgress?.({ done, total })
    await nextTurn()
    if (signal?.aborted) throw abortError(signal)
    since = performance.now()
  }
  const places = umap.getEmbedding()
  return {
    layer: features.layer,
    classes: features.classes,
    points: features.rows.map((row, i) => ({ ...row, x: places[i]?.[0] ?? 0, y: places[i]?.[1] ?? 0 })),
  }
}

/** To so many principal components, where there are more values. Throws for values that are not finite. */
async function reduce(
  features: FeatureSet,
  components: number,
  signal: AbortSignal | undefined,
): Promise<FeatureSet> {
  const broken = features.rows.find((_, row) => !features.row(row).every(Number.isFinite))
  if (broken)
    throw new C3DError(
      'C3D_INVALID_ARGUMENT',
      `Expected finite features, but those of '${broken.path}' are not.`,
    )
  if (features.dimensions <= components) return features
  const pca = await Pca.fit(features, { components, ...(signal && { signal }) })
  return pca.transform(features, signal ? { signal } : {})
}
