import { costsOf, nativeSvm, type ResolvedSvm } from '../config/linear'
import { dealFolds } from '../dataset/folds'
import { addon } from '../native/addon'
import type { NativeSvm } from '../native/binding'
import { C3DError } from '../native/errors'
import { runTask } from '../native/task'
import { bestClasses, nativeRows } from './rows'

/** Labelled vectors. */
export interface Samples {
  /** float32 [n, dimensions] */
  data: Float32Array
  dimensions: number
  /** Class numbers and groups of the n rows. */
  labels: readonly number[]
  groups: readonly number[]
  classes: number
}

export interface CostScore {
  cost: number
  /** Part of the training rows that are right when they are left out. */
  accuracy: number
}

export interface ChosenSvm {
  cost: number
  machines: NativeSvm
  /** What the costs scored; empty where there was only one. */
  selection: CostScore[]
}

/** Fits the machines on some rows, with the cost that is best in a cross-validation of these rows. */
export async function fitChosen(
  samples: Samples,
  rows: readonly number[],
  settings: ResolvedSvm,
): Promise<ChosenSvm> {
  const costs = costsOf(settings)
  const selection = costs.length > 1 ? await scoreCosts(samples, rows, settings, costs) : []
  const best = Math.max(...selection.map(({ accuracy }) => accuracy))
  const cost = selection.find(({ accuracy }) => accuracy === best)?.cost ?? (costs[0] as number)
  const [machines] = await fitCosts(samples, rows, settings, [cost])
  return { cost, machines: machines as NativeSvm, selection }
}

async function scoreCosts(
  samples: Samples,
  rows: readonly number[],
  settings: ResolvedSvm,
  costs: number[],
): Promise<CostScore[]> {
  const right = new Array<number>(costs.length).fill(0)
  for (const test of foldRows(samples, rows, settings.costFolds, settings.seed)) {
    const held = new Set(test)
    const training = rows.filter((row) => !held.has(row))
    const fitted = await fitCosts(samples, training, settings, costs)
    for (const [i, machines] of fitted.entries()) {
      const answers = await answersOf(samples, test, machines, settings)
      right[i] = (right[i] ?? 0) + countRight(samples, test, answers)
    }
  }
  return costs.map((cost, i) => ({ cost, accuracy: (right[i] ?? 0) / rows.length }))
}

/** The rows dealt to folds by class, groups kept together. Throws C3D_EMPTY_DATASET for too few groups. */
export function foldRows(
  { labels, groups }: Samples,
  rows: readonly number[],
  count: number,
  seed: number,
): number[][] {
  const items = rows.map((row) => ({ labels: [labels[row] ?? 0], group: String(groups[row]) }))
  const foldOf = dealFolds(items, count, seed)
  const folds = Array.from({ length: count }, (_, fold) => rows.filter((__, i) => foldOf[i] === fold))
  if (folds.some((fold) => fold.length === 0))
    throw new C3DError(
      'C3D_EMPTY_DATASET',
      `Cannot make ${count} folds of ${rows.length} rows of ${new Set(items.map(({ group }) => group)).size} groups. Make fewer folds, or give one cost, which needs none.`,
    )
  return folds
}

async function fitCosts(
  samples: Samples,
  rows: readonly number[],
  settings: ResolvedSvm,
  costs: number[],
): Promise<NativeSvm[]> {
  const labels = Int32Array.from(rows, (row) => samples.labels[row] ?? 0)
  return runTask(
    () => addon().fitSvm(nativeRows(samples, rows), labels, nativeSvm(settings, samples.classes, costs)),
    settings.signal,
  )
}

/** The likeliest class of each row. */
export async function answersOf(
  samples: Pick<Samples, 'data' | 'dimensions' | 'classes'>,
  rows: readonly number[],
  { weights }: Pick<NativeSvm, 'weights'>,
  { bias, signal }: Pick<ResolvedSvm, 'bias' | 'signal'>,
): Promise<number[]> {
  const decisions = await runTask(
    () => addon().svmDecisions(nativeRows(samples, rows), { weights, bias }),
    signal,
  )
  return bestClasses(decisions, samples.classes)
}

export function countRight({ labels }: Samples, rows: readonly number[], answers: readonly number[]): number {
  return rows.filter((row, i) => labels[row] === answers[i]).length
}
