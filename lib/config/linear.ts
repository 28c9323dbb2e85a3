import * as z from 'zod'
import type { NativeSvmOptions } from '../native/binding'
import { abortSignal, callback, expected, finiteNumber, flag, seed, settings, wholeNumber } from './fields'
import { parse } from './parse'

/** Settings of the linear models on features: support vector machines and principal components. */

const cost = finiteNumber({ above: 0 })

const svmShape = {
  /**
   * C: how much the mistakes on the training rows count against the length of the weights. Of several, the one with the
   * best accuracy in a cross-validation of the training rows is taken, the smallest of equal ones. The paper does not
   * say which it took.
   */
  cost: z
    .union([cost, z.array(cost).min(1)], { error: expected('a number above 0, or a list of such') })
    .default([0.01, 0.1, 1, 10, 100]),
  /** Parts of that cross-validation; rows of one group stay together. */
  costFolds: wholeNumber({ atLeast: 2 }).default(5),
  /** Of how rows are dealt to folds. */
  seed: seed().default(1),
  /** The constant feature behind the others, as liblinear's -B and scikit-learn's intercept_scaling; 0: none. */
  bias: finiteNumber({ atLeast: 0 }).default(1),
  /** Part of itself by which an objective may be above the least. */
  tolerance: finiteNumber({ above: 0, below: 1 }).default(1e-8),
  /** Steps of Newton's method; a fit that needs more is an error. */
  maxIterations: wholeNumber({ atLeast: 1 }).default(1000),
  signal: abortSignal().optional(),
}

export const svmSchema = settings(svmShape)

export const crossValidationSchema = settings({
  ...svmShape,
  /** Parts of the rows, each of which is the test rows once, or each group (a video, where there are none) by itself. */
  folds: z
    .union([wholeNumber({ atLeast: 2 }), z.literal('leave-one-out')], {
      error: expected("a whole number of at least 2, or 'leave-one-out'"),
    })
    .default(5),
  /** Numbers of principal components to which the features are reduced too, as in Fig. 5 of the paper. */
  dimensions: z
    .array(wholeNumber({ atLeast: 1 }), { error: expected('a list of whole numbers') })
    .default([]),
  /** Whether rows of one group stay together. Without it, cuts of one scene on both sides look better than they are. */
  grouped: flag().default(true),
  onProgress: callback<(progress: { done: number; total: number }) => void>().optional(),
})

export const splitsSchema = crossValidationSchema.omit({ folds: true, grouped: true })

export const pcaSchema = settings({
  /** How many principal components. */
  components: wholeNumber({ atLeast: 1 }),
  signal: abortSignal().optional(),
})

export type SvmOptions = z.input<typeof svmSchema>
export type ResolvedSvm = z.output<typeof svmSchema>
export type CrossValidationOptions = z.input<typeof crossValidationSchema>
export type SplitsOptions = z.input<typeof splitsSchema>
export type PcaOptions = z.input<typeof pcaSchema>

/** The dimensions of Fig. 5 of the paper. */
export const paperDimensions: readonly number[] = [10, 50, 100, 500]

export function resolveSvm(options: SvmOptions): ResolvedSvm {
  return parse(svmSchema, options, 'svm')
}

/** The costs that are asked for, each once, ascending. */
export function costsOf({ cost }: Pick<ResolvedSvm, 'cost'>): number[] {
  return [...new Set([cost].flat())].sort((a, b) => a - b)
}

/** What the addon takes. */
export function nativeSvm(
  { bias, tolerance, maxIterations }: ResolvedSvm,
  classes: number,
  costs: number[],
): NativeSvmOptions {
  return { classes, costs, bias, tolerance, maxIterations }
}
