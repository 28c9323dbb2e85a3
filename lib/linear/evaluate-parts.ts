import type { ResolvedSvm } from '../config/linear'
import type { FeatureSet } from '../features/feature-set'
import { addon } from '../native/addon'
import { runTask } from '../native/task'
import { answersOf, countRight, fitChosen, type Samples } from './fit-svm'
import { classNumbers, nativeRows } from './rows'

/** Rows that are trained on, and rows that are tested on. */
export interface Part {
  training: readonly number[]
  test: readonly number[]
}

export interface PartScore {
  /** Rows. */
  training: number
  test: number
  /** C, as chosen on the training rows. */
  cost: number
  accuracy: number
}

/** How well support vector machines on features do on rows that they were not fitted on. */
export interface LinearEvaluation {
  /** Of the vectors: of the features themselves, or of their principal components. */
  dimensions: number
  /** Part of all test rows that are right. */
  accuracy: number
  /** Mean over the parts, as the accuracy of UCF101's three splits is told, and its sample standard deviation. */
  meanAccuracy: number
  deviation: number
  /** Mean of the classes' recalls. */
  meanClassAccuracy: number
  parts: PartScore[]
  /** Test rows by class (row) and answer (column). */
  confusion: number[][]
}

export interface ReducedEvaluation extends LinearEvaluation {
  /** Part of the training rows' variance that the components hold, mean over the parts. */
  explainedVariance: number
}

interface EvaluationSettings extends ResolvedSvm {
  dimensions: readonly number[]
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined
}

/**
 * Fits on the training rows of each part and asks for its test rows; once for the features themselves, and once for
 * each number of principal components, which are those of the training rows.
 */
export async function evaluateParts(
  features: FeatureSet,
  parts: readonly Part[],
  groups: readonly number[],
  { dimensions: reductions, onProgress, ...settings }: EvaluationSettings,
): Promise<LinearEvaluation & { reduced: ReducedEvaluation[] }> {
  const labels = classNumbers(features)
  const classes = features.classes.length
  const samples = { data: features.data, dimensions: features.dimensions, labels, groups, classes }
  const whole = new Tally(features.dimensions, classes)
  const reduced = reductions.map((count) => ({ tally: new Tally(count, classes), explained: [] as number[] }))
  const total = parts.length * (1 + reductions.length)
  let done = 0
  const evaluate = async (tally: Tally, of: Samples, part: Part) => {
    const { cost, machines } = await fitChosen(of, part.training, settings)
    const answers = await answersOf(of, part.test, machines, settings)
    tally.add(of, part, cost, answers)
    onProgress?.({ done: ++done, total })
  }
  for (const part of parts) {
    await evaluate(whole, samples, part)
    if (reductions.length === 0) continue
    const components = await reduce(samples, part, Math.max(...reductions), settings.signal)
    for (const [i, { tally, explained }] of reduced.entries()) {
      const count = reductions[i] ?? 0
      explained.push(components.explained(count))
      await evaluate(tally, { ...samples, ...(await components.first(count)) }, part)
    }
  }
  return {
    ...whole.evaluation(),
    reduced: reduced.map(({ tally, explained }) => ({
      ...tally.evaluation(),
      explainedVariance: mean(explained),
    })),
  }
}

/** All rows along the first principal components of the training rows. */
async function reduce(samples: Samples, { training }: Part, count: number, signal: AbortSignal | undefined) {
  const pca = await runTask(() => addon().fitPca(nativeRows(samples, training), count), signal)
  const all = nativeRows(
    samples,
    samples.labels.map((_, row) => row),
  )
  return {
    first: async (wanted: number) => {
      const components = pca.components.subarray(0, wanted * samples.dimensions)
      const data = await runTask(() => addon().projectPca(all, { mean: pca.mean, components }), signal)
      return { dimensions: wanted, data }
    },
    explained: (wanted: number) => {
      const held = pca.variances.subarray(0, wanted).reduce((a, b) => a + b, 0)
      return pca.totalVariance > 0 ? held / pca.totalVariance : 0
    },
  }
}

/** Counts what is right. */
class Tally {
  readonly #dimensions: number
  readonly #parts: PartScore[] = []
  readonly #confusion: number[][]

  constructor(dimensions: number, classes: number) {
    this.#dimensions = dimensions
    this.#confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  }

  add(samples: Samples, { training, test }: Part, cost: number, answers: readonly number[]): void {
    test.forEach((row, i) => {
      const counts = this.#confusion[samples.labels[row] ?? 0] as number[]
      const answer = answers[i] ?? 0
      counts[answer] = (counts[answer] ?? 0) + 1
    })
    const accuracy = countRight(samples, test, answers) / test.length
    this.#parts.push({ training: training.length, test: test.length, cost, accuracy })
  }

  evaluation(): LinearEvaluation {
    const accuracies = this.#parts.map(({ accuracy }) => accuracy)
    const rows = this.#confusion.map((counts) => counts.reduce((a, b) => a + b, 0))
    const hits = this.#confusion.map((counts, i) => counts[i] ?? 0)
    const recalls = hits.flatMap((hit, i) => ((rows[i] ?? 0) > 0 ? [hit / (rows[i] ?? 1)] : []))
    return {
      dimensions: this.#dimensions,
      accuracy: hits.reduce((a, b) => a + b, 0) / rows.reduce((a, b) => a + b, 0),
      meanAccuracy: mean(accuracies),
      deviation: deviation(accuracies),
      meanClassAccuracy: mean(recalls),
      parts: this.#parts,
      confusion: this.#confusion,
    }
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length
}

/** 0 for one value. */
function deviation(values: readonly number[]): number {
  const centre = mean(values)
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0)
  return Math.sqrt(squares / Math.max(1, values.length - 1))
}
