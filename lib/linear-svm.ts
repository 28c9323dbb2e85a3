import * as z from 'zod'
import { finiteNumber, settings, wholeNumber } from './config/fields'
import { resolveSvm, type SvmOptions } from './config/linear'
import type { FeatureSet } from './features/feature-set'
import { type CostScore, fitChosen } from './linear/fit-svm'
import { readLinearFile, writeLinearFile } from './linear/linear-file'
import { allRows, bestClasses, classNumbers, nativeRows } from './linear/rows'
import { addon } from './native/addon'
import { C3DError } from './native/errors'
import { runTask } from './native/task'

const KEY = 'torch-c3d-svm'

const fileSchema = settings({
  formatVersion: z.literal(1),
  classes: z.array(z.string()).min(1),
  dimensions: wholeNumber({ atLeast: 1 }),
  layer: z.string(),
  cost: finiteNumber({ above: 0 }),
  bias: finiteNumber({ atLeast: 0 }),
})

interface Machines extends Omit<z.output<typeof fileSchema>, 'formatVersion'> {
  /** [classes, dimensions + 1] */
  weights: Float64Array
}

/** How the fit went, for one class. */
export interface FitReport {
  label: string
  /** w.w / 2 + C sum of max(0, 1 - y w.x)^2, at the weights found. */
  objective: number
  /** Length of its gradient there: the objective is at most half its square above the least. */
  gradientNorm: number
}

/**
 * A linear support vector machine for each class against the rest (section 3.3 of the paper): L2-regularised squared
 * hinge loss, in the primal, as liblinear's solver 2 and scikit-learn's LinearSVC(dual=False). For each class, with y = 1
 * for its rows and -1 for the others and x with a constant `bias` behind its values, the w with the least
 *
 *     w.w / 2 + C * (sum over rows of max(0, 1 - y w.x)^2)
 */
export class LinearSvm {
  readonly classes: readonly string[]
  readonly dimensions: number
  /** Which features it is for, like 'fc6'. */
  readonly layer: string
  /** C. */
  readonly cost: number
  readonly bias: number
  /** What the costs scored in cross-validation of the training rows; empty where one was given, or after loading. */
  readonly selection: readonly CostScore[]
  /** One for each class; empty after loading. */
  readonly fit: readonly FitReport[]
  readonly #weights: Float64Array

  private constructor(
    { classes, dimensions, layer, cost, bias, weights }: Machines,
    selection: readonly CostScore[],
    fit: readonly FitReport[],
  ) {
    this.classes = classes
    this.dimensions = dimensions
    this.layer = layer
    this.cost = cost
    this.bias = bias
    this.selection = selection
    this.fit = fit
    this.#weights = weights
  }

  /**
   * Fits on all rows. Of several costs, the best one in a cross-validation of the rows is taken; rows of one group stay
   * together in it.
   *
   * @example const svm = await LinearSvm.fit(features, { cost: [0.1, 1, 10] })
   * @throws C3D_INVALID_ARGUMENT (a row without a class, values that are not finite), C3D_EMPTY_DATASET (fewer groups
   * than `costFolds`), C3D_ABORTED
   */
  static async fit(features: FeatureSet, options: SvmOptions = {}): Promise<LinearSvm> {
    const settings = resolveSvm(options)
    const { data, dimensions, rows, layer } = features
    const classes = [...features.classes]
    const samples = {
      data,
      dimensions,
      labels: classNumbers(features),
      groups: rows.map(({ group }) => group),
      classes: classes.length,
    }
    const { cost, machines, selection } = await fitChosen(samples, allRows(features), settings)
    const report = classes.map((label, i) => ({
      label,
      objective: machines.objectives[i] ?? 0,
      gradientNorm: machines.gradientNorms[i] ?? 0,
    }))
    const { bias } = settings
    const content = { classes, dimensions, layer, cost, bias, weights: machines.weights }
    return new LinearSvm(content, selection, report)
  }

  /** float64 [classes, dimensions + 1], a copy; the last value of each row is the constant feature's weight. */
  get weights(): { data: Float64Array; shape: [number, number] } {
    return { data: this.#weights.slice(), shape: [this.classes.length, this.dimensions + 1] }
  }

  /**
   * w.x for every row and class, float64 [rows, classes]: above 0 speaks for the class.
   *
   * @throws C3D_INVALID_ARGUMENT for features of another number of values
   */
  async decisions(
    features: FeatureSet,
    options: { signal?: AbortSignal } = {},
  ): Promise<{ data: Float64Array; shape: [number, number] }> {
    if (features.dimensions !== this.dimensions)
      throw new C3DError(
        'C3D_INVALID_ARGUMENT',
        `Expected features of ${this.dimensions} values (${this.layer}), got ${features.dimensions} (${features.layer}).`,
      )
    const { bias } = this
    const data = await runTask(
      () => addon().svmDecisions(nativeRows(features, allRows(features)), { weights: this.#weights, bias }),
      options.signal,
    )
    return { data, shape: [features.rows.length, this.classes.length] }
  }

  /** The class of every row: the one whose machine says most. */
  async predict(features: FeatureSet, options: { signal?: AbortSignal } = {}): Promise<string[]> {
    const { data } = await this.decisions(features, options)
    return bestClasses(data, this.classes.length).map((number) => this.classes[number] ?? '')
  }

  /** Writes a safetensors file: float64 `weights` [classes, dimensions + 1], all else in its metadata. Throws C3D_FILE. */
  async save(file: string): Promise<void> {
    const { classes, dimensions, layer, cost, bias } = this
    const content = { formatVersion: 1, classes, dimensions, layer, cost, bias }
    await writeLinearFile(file, KEY, content, { weights: this.weights })
  }

  /** Throws C3D_FILE_NOT_FOUND, C3D_FILE, C3D_WEIGHTS (some other file, or a damaged one). */
  static async load(file: string): Promise<LinearSvm> {
    const { content, tensors } = await readLinearFile(file, KEY, fileSchema, ({ classes, dimensions }) => ({
      weights: [classes.length, dimensions + 1],
    }))
    const { formatVersion: _, ...rest } = content
    return new LinearSvm({ ...rest, weights: tensors.weights as Float64Array }, [], [])
  }
}
