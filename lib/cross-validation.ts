import {
  type CrossValidationOptions,
  crossValidationSchema,
  type SplitsOptions,
  splitsSchema,
} from './config/linear'
import { parse } from './config/parse'
import type { FeatureSet } from './features/feature-set'
import {
  evaluateParts,
  type LinearEvaluation,
  type Part,
  type ReducedEvaluation,
} from './linear/evaluate-parts'
import { foldRows } from './linear/fit-svm'
import { allRows, classNumbers } from './linear/rows'
import { C3DError } from './native/errors'

export interface CrossValidation extends LinearEvaluation {
  /** The same on principal components, in the order of `dimensions`. */
  reduced: ReducedEvaluation[]
}

/**
 * How well linear support vector machines on features do on other rows: k-fold or leave-one-out cross-validation. In
 * each fold, the cost is chosen by a cross-validation of its training rows alone. Rows of one group never part.
 *
 * @example const { accuracy } = await crossValidate(features, { folds: 10 })
 * @example const { reduced } = await crossValidate(features, { dimensions: [10, 50, 100, 500] }) // Fig. 5
 * @throws C3D_INVALID_ARGUMENT (a row without a class, more dimensions than a fold has rows), C3D_EMPTY_DATASET (fewer
 * groups than folds), C3D_ABORTED
 */
export async function crossValidate(
  features: FeatureSet,
  options: CrossValidationOptions = {},
): Promise<CrossValidation> {
  const { folds, grouped, ...settings } = parse(crossValidationSchema, options, 'crossValidate')
  const groups = grouped ? features.rows.map(({ group }) => group) : videosOf(features)
  const rows = allRows(features)
  const samples = {
    data: features.data,
    dimensions: features.dimensions,
    labels: classNumbers(features),
    groups,
    classes: features.classes.length,
  }
  const tests =
    folds === 'leave-one-out' ? rowsOfGroups(groups) : foldRows(samples, rows, folds, settings.seed)
  if (tests.length < 2)
    throw new C3DError('C3D_EMPTY_DATASET', 'Expected rows of at least two groups, got one.')
  const parts = tests.map((test) => {
    const held = new Set(test)
    return { training: rows.filter((row) => !held.has(row)), test }
  })
  return evaluateParts(features, parts, groups, settings)
}

/**
 * The same for given parts, such as the three official splits of UCF101: `meanAccuracy` is their mean.
 *
 * @param parts places of rows; see officialParts for those of official lists
 */
export async function evaluateSplits(
  features: FeatureSet,
  parts: readonly Part[],
  options: SplitsOptions = {},
): Promise<CrossValidation> {
  const settings = parse(splitsSchema, options, 'evaluateSplits')
  const groups = features.rows.map(({ group }) => group)
  return evaluateParts(features, parts, groups, settings)
}

function rowsOfGroups(groups: readonly number[]): number[][] {
  const rows = new Map<number, number[]>()
  for (const [row, group] of groups.entries()) {
    const own = rows.get(group)
    if (own) own.push(row)
    else rows.set(group, [row])
  }
  return [...rows.values()]
}

/** A number for each row: the same for rows of one video. */
function videosOf({ rows }: FeatureSet): number[] {
  const numbers = new Map<string, number>()
  return rows.map(({ path }) => {
    const number = numbers.get(path) ?? numbers.size
    numbers.set(path, number)
    return number
  })
}
