import { parse } from './config/parse'
import { pairRowSchema, type SimilarityOptions, similaritySchema, type VideoPair } from './config/similarity'
import { csvRows } from './dataset/manifest-rows'
import type { FeatureSet } from './features/feature-set'
import { fitChosen } from './linear/fit-svm'
import { nativeRows } from './linear/rows'
import { addon } from './native/addon'
import { C3DError } from './native/errors'
import { runTask } from './native/task'
import { pairDistances } from './similarity/pair-features'
import { areaUnderRoc } from './similarity/roc'

export interface FoldSimilarity {
  fold: number
  /** Pairs that were tested on. */
  pairs: number
  /** C, as chosen on the pairs of the other folds. */
  cost: number
  accuracy: number
}

/** How well pairs of videos of the same action are told from others. */
export interface Similarity {
  /** Mean over the folds, and the standard error of that mean. */
  accuracy: number
  standardError: number
  /** Area under the ROC curve of all pairs' decision values; null where all pairs are the same. */
  areaUnderRoc: number | null
  folds: FoldSimilarity[]
}

/**
 * Reads pairs of videos: a CSV file with the columns first, second (paths as the features have them, or the ends of
 * these), same (1 or 0) and fold.
 *
 * @throws C3D_FILE_NOT_FOUND, C3D_FILE, C3D_INVALID_CONFIG (naming the line)
 */
export async function readPairs(file: string): Promise<VideoPair[]> {
  const pairs: VideoPair[] = []
  for await (const { values, where } of csvRows(file)) pairs.push(parse(pairRowSchema, values, where))
  return pairs
}

/**
 * Action similarity as in section 5 of the paper (ASLAN): twelve distances between two videos for each set of features
 * (the paper's four: prob, fc7, fc6 and pool5), each distance z-normalised, then a linear support vector machine; every
 * fold is tested on a machine of the others, which its normalisation and its C are taken of as well.
 *
 * @example const { accuracy, areaUnderRoc } = await evaluateSimilarity([prob, fc7, fc6, pool5], await readPairs('pairs.csv'))
 * @throws C3D_INVALID_ARGUMENT (no features of a video, negative ones), C3D_EMPTY_DATASET (fewer than two folds),
 * C3D_ABORTED
 */
export async function evaluateSimilarity(
  sets: readonly FeatureSet[],
  pairs: readonly VideoPair[],
  options: SimilarityOptions = {},
): Promise<Similarity> {
  const { onProgress, ...settings } = parse(similaritySchema, options, 'evaluateSimilarity')
  const folds = [...new Set(pairs.map(({ fold }) => fold))].sort((a, b) => a - b)
  if (folds.length < 2)
    throw new C3DError('C3D_EMPTY_DATASET', `Expected pairs of two or more folds, got ${folds.length}.`)
  const raw = await pairDistances(sets, pairs)
  const dimensions = raw.length / pairs.length
  const labels = pairs.map(({ same }) => Number(same))
  const groups = pairs.map(({ fold }) => fold)
  // Folds stay whole in the choice of C too, since they share no action.
  const costFolds = Math.max(2, Math.min(settings.costFolds, folds.length - 1))
  const decisions = new Array<number>(pairs.length).fill(0)
  const results: FoldSimilarity[] = []
  for (const fold of folds) {
    const all = Array.from(pairs.keys())
    const training = all.filter((row) => groups[row] !== fold)
    const test = all.filter((row) => groups[row] === fold)
    const data = zNormalized(raw, dimensions, training)
    const samples = { data, dimensions, labels, groups, classes: 2 }
    const { cost, machines } = await fitChosen(samples, training, { ...settings, costFolds })
    const { weights } = machines
    const values = await runTask(
      () => addon().svmDecisions(nativeRows(samples, test), { weights, bias: settings.bias }),
      settings.signal,
    )
    test.forEach((row, i) => {
      decisions[row] = values[2 * i + 1] ?? 0 // of the machine for 'same'
    })
    const right = test.filter((row) => (decisions[row] ?? 0) > 0 === pairs[row]?.same).length
    results.push({ fold, pairs: test.length, cost, accuracy: right / test.length })
    onProgress?.({ done: results.length, total: folds.length })
  }
  const accuracies = results.map(({ accuracy }) => accuracy)
  const mean = accuracies.reduce((a, b) => a + b, 0) / accuracies.length
  const squares = accuracies.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return {
    accuracy: mean,
    standardError: Math.sqrt(squares / (accuracies.length - 1) / accuracies.length),
    areaUnderRoc: areaUnderRoc(
      decisions,
      pairs.map(({ same }) => same),
    ),
    folds: results,
  }
}

/** Each dimension less its mean, by its standard deviation, both of the training rows; 0 where it does not vary. */
function zNormalized(raw: Float64Array, dimensions: number, training: readonly number[]): Float32Array {
  const data = new Float32Array(raw.length)
  for (let i = 0; i < dimensions; i++) {
    const known = training.map((row) => raw[row * dimensions + i] ?? 0)
    const mean = known.reduce((a, b) => a + b, 0) / known.length
    const deviation = Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length)
    for (let at = i; at < raw.length; at += dimensions)
      data[at] = deviation > 0 ? ((raw[at] ?? 0) - mean) / deviation : 0
  }
  return data
}
