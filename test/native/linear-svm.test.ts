import { execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import {
  crossValidate,
  evaluateSplits,
  FeatureSet,
  LinearSvm,
  loadFeatures,
  type SvmOptions,
  saveFeatures,
} from '../../lib'
import { randomNumbers } from '../support/frame-folders'
import { temporaryFolder } from '../support/temporary'

const folder = temporaryFolder()

/** Rows of `classes` overlapping clouds, not linearly separable; each group is `groupSize` rows. */
function clouds(rows: number, dimensions: number, classes = 3, groupSize = 1, seed = 5): FeatureSet {
  const random = randomNumbers(seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const names = Array.from({ length: classes }, (_, i) => `class ${i}`)
  const labels = Array.from({ length: rows }, (_, i) => Math.floor(i / groupSize) % classes)
  const data = labels.flatMap((label) =>
    Array.from({ length: dimensions }, (_, i) => normal() + (i % classes === label ? 1.5 : 0)),
  )
  return new FeatureSet({
    data: Float32Array.from(data),
    rows: labels.map((label, i) => ({
      path: `${i}.mp4`,
      label: names[label] ?? '',
      group: Math.floor(i / groupSize),
    })),
    classes: names,
    layer: 'test',
  })
}

/** The primal objective of one class, and its gradient, by their definitions. */
function objectiveOf(features: FeatureSet, label: string, weights: Float64Array, cost: number, bias: number) {
  const gradient = Array.from(weights)
  let value = weights.reduce((sum, w) => sum + (w * w) / 2, 0)
  features.rows.forEach((row, i) => {
    const x = [...features.row(i), bias]
    const y = row.label === label ? 1 : -1
    const violation = Math.max(0, 1 - y * x.reduce((sum, v, j) => sum + v * (weights[j] ?? 0), 0))
    value += cost * violation ** 2
    x.forEach((v, j) => {
      gradient[j] = (gradient[j] ?? 0) - 2 * cost * violation * y * v
    })
  })
  return { value, gradient }
}

/** The same least found by the plainest of means: gradient descent with Nesterov's momentum. */
function descended(features: FeatureSet, label: string, cost: number, bias: number): Float64Array {
  const size = features.dimensions + 1
  const squares = features.data.reduce((sum, v) => sum + v * v, features.rows.length * bias * bias)
  const step = 1 / (1 + 2 * cost * squares) // no curvature is larger
  const momentum = (1 - Math.sqrt(step)) / (1 + Math.sqrt(step)) // no curvature is smaller than 1
  let [weights, ahead] = [new Float64Array(size), new Float64Array(size)]
  for (let i = 0; i < 20_000; i++) {
    const { gradient } = objectiveOf(features, label, ahead, cost, bias)
    const next = ahead.map((w, j) => w - step * (gradient[j] ?? 0))
    ahead = next.map((w, j) => w + momentum * (w - (weights[j] ?? 0)))
    weights = next
    if (Math.hypot(...gradient) < 1e-11) break
  }
  return weights
}

const weightsOf = (svm: LinearSvm, place: number) => {
  const { data, shape } = svm.weights
  return data.subarray(place * shape[1], (place + 1) * shape[1])
}

describe('the machines', () => {
  test.each([
    ['as scikit-learn has it', 1, 1, 60, 7],
    ['with a large cost', 100, 1, 60, 7],
    ['with a small cost', 0.01, 1, 60, 7],
    ['with another constant', 1, 3, 60, 7],
    ['without a constant', 1, 0, 60, 7],
    ['of fewer rows than values', 1, 1, 12, 30],
    ['of rows that all can be told apart, with a large cost', 1000, 1, 12, 30],
  ])('are at the one least of their objectives: %s', async (_, cost, bias, rows, dimensions) => {
    const features = clouds(rows, dimensions)
    const svm = await LinearSvm.fit(features, { cost, bias, tolerance: 1e-15 })
    for (const [place, { label, objective, gradientNorm }] of svm.fit.entries()) {
      const { value, gradient } = objectiveOf(features, label, weightsOf(svm, place), cost, bias)
      expect(objective / value).toBeCloseTo(1, 12)
      expect(Math.hypot(...gradient)).toBeLessThan(1e-6 * Math.sqrt(value))
      expect(gradientNorm).toBeLessThan(1e-6 * Math.sqrt(value))
    }
  })

  test('are those that plain gradient descent finds, to 1e-6', async () => {
    const features = clouds(24, 4)
    const svm = await LinearSvm.fit(features, { cost: 0.5, tolerance: 1e-15 })
    for (const [place, label] of features.classes.entries()) {
      const expected = descended(features, label, 0.5, 1)
      weightsOf(svm, place).forEach((weight, i) => {
        expect(Math.abs(weight - (expected[i] ?? Number.NaN))).toBeLessThan(1e-6)
      })
    }
  })

  test('are at most the tolerance above it', async () => {
    const features = clouds(80, 9)
    const rough = await LinearSvm.fit(features, { cost: 10, tolerance: 1e-2 })
    const exact = await LinearSvm.fit(features, { cost: 10, tolerance: 1e-14 })
    rough.fit.forEach(({ objective }, i) => {
      const least = exact.fit[i]?.objective ?? Number.NaN
      expect(objective).toBeGreaterThanOrEqual(least * (1 - 1e-12))
      expect(objective).toBeLessThan(least * (1 + 1.02e-2))
    })
  })

  test('are the same, bit for bit, each time', async () => {
    const features = clouds(50, 6)
    const [one, two] = [await LinearSvm.fit(features), await LinearSvm.fit(features)]
    expect(one.weights).toEqual(two.weights)
    expect(one.selection).toEqual(two.selection)
  })

  test('decide by w.x, and by the largest of them', async () => {
    const features = clouds(30, 5)
    const svm = await LinearSvm.fit(features, { cost: 1, bias: 2 })
    const { data, shape } = await svm.decisions(features)
    expect(shape).toEqual([30, 3])
    const expected = features.rows.map((_, row) =>
      [0, 1, 2].map((place) =>
        [...features.row(row), 2].reduce((sum, v, i) => sum + v * (weightsOf(svm, place)[i] ?? 0), 0),
      ),
    )
    expected.flat().forEach((value, i) => {
      expect(data[i]).toBeCloseTo(value, 9)
    })
    const answers = expected.map((values) => features.classes[values.indexOf(Math.max(...values))])
    expect(await svm.predict(features)).toEqual(answers)
  })

  test('are saved with all that they need', async () => {
    const features = clouds(30, 5)
    const svm = await LinearSvm.fit(features, { cost: 3, bias: 2 })
    const file = path.join(folder, 'svm.safetensors')
    await svm.save(file)
    const loaded = await LinearSvm.load(file)
    expect(loaded).toMatchObject({
      classes: features.classes,
      dimensions: 5,
      layer: 'test',
      cost: 3,
      bias: 2,
    })
    expect(loaded.weights).toEqual(svm.weights)
    expect(await loaded.predict(features)).toEqual(await svm.predict(features))
    await saveFeatures(path.join(folder, 'other.safetensors'), features)
    await expect(LinearSvm.load(path.join(folder, 'other.safetensors'))).rejects.toMatchObject({
      code: 'C3D_WEIGHTS',
    })
  })
})

describe('refuses', () => {
  const refused = (features: FeatureSet, options: SvmOptions = {}) =>
    expect(LinearSvm.fit(features, options)).rejects

  test('values that are no numbers, rows without a class, features of another size', async () => {
    const features = clouds(12, 3)
    const broken = new FeatureSet({
      ...features,
      data: features.data.map((v, i) => (i === 4 ? Number.NaN : v)),
    })
    await refused(broken, { cost: 1 }).toThrow('finite features')
    const rows = features.rows.map((row, i) => (i === 2 ? { ...row, label: '' } : row))
    await refused(new FeatureSet({ ...features, rows }), { cost: 1 }).toThrow("'2.mp4' has none")
    const svm = await LinearSvm.fit(features, { cost: 1 })
    await expect(svm.predict(clouds(12, 4))).rejects.toThrow('Expected features of 3 values')
  })

  test('what is not a cost, too many folds, and what does not converge', async () => {
    const features = clouds(12, 3)
    await refused(features, { cost: 0 }).toThrow('at svm.cost: expected a number of more than 0, got 0')
    await refused(features, { costFolds: 13 }).toThrow('Cannot make 13 folds of 12 rows')
    await refused(features, { cost: 1000, maxIterations: 1 }).toThrow('within 1 iterations')
  })

  test('to go on after an abort', async () => {
    const stop = new AbortController()
    const fit = LinearSvm.fit(clouds(600, 200), { tolerance: 1e-15, signal: stop.signal })
    setTimeout(() => stop.abort(), 20)
    await expect(fit).rejects.toMatchObject({ code: 'C3D_ABORTED' })
  })
})

describe('cross-validation', () => {
  test('tests every row once, on machines of the others', async () => {
    const features = clouds(45, 6)
    const { parts, confusion, accuracy, meanAccuracy } = await crossValidate(features, { folds: 5, cost: 1 })
    expect(parts.map(({ training, test }) => [training, test])).toEqual(new Array(5).fill([36, 9]))
    expect(confusion.map((row) => row.reduce((a, b) => a + b))).toEqual([15, 15, 15])
    expect(accuracy).toBeCloseTo(meanAccuracy, 12)
    // One fold by hand.
    const held = features.subset((_, i) => i < 9)
    const svm = await LinearSvm.fit(
      features.subset((_, i) => i >= 9),
      { cost: 1 },
    )
    const answers = await svm.predict(held)
    const right = answers.filter((answer, i) => answer === held.rows[i]?.label).length
    const rows = Array.from(features.rows.keys())
    const byHand = await evaluateSplits(features, [{ training: rows.slice(9), test: rows.slice(0, 9) }], {
      cost: 1,
    })
    expect(byHand.accuracy).toBeCloseTo(right / 9, 12)
  })

  test('never parts a group: copies of a row in training would tell its class', async () => {
    // Labels are by chance, but the rows of a group are the same: only who has seen one knows the others.
    const random = randomNumbers(2)
    const groups = 40
    const data: number[] = []
    const labels: number[] = []
    for (let group = 0; group < groups; group++) {
      const row = Array.from({ length: 60 }, () => random() - 0.5)
      const label = Math.floor(random() * 2)
      for (let i = 0; i < 3; i++) {
        data.push(...row)
        labels.push(label)
      }
    }
    const features = new FeatureSet({
      data: Float32Array.from(data),
      rows: labels.map((label, i) => ({ path: `${i}`, label: `${label}`, group: Math.floor(i / 3) })),
      classes: ['0', '1'],
      layer: 'test',
    })
    const grouped = await crossValidate(features, { folds: 4, cost: 100 })
    const leaking = await crossValidate(features, { folds: 4, cost: 100, grouped: false })
    expect(grouped.accuracy).toBeLessThan(0.7)
    expect(leaking.accuracy).toBeGreaterThan(0.95)
    const one = await crossValidate(features, { folds: 'leave-one-out', cost: 1 })
    expect(one.parts.map(({ test }) => test)).toEqual(new Array(groups).fill(3))
  })

  test('reduces to the principal components of the training rows', async () => {
    const features = clouds(40, 12)
    const { reduced } = await crossValidate(features, { folds: 4, cost: 1, dimensions: [2, 12] })
    expect(reduced.map(({ dimensions }) => dimensions)).toEqual([2, 12])
    // All components are a turn of the features about their mean, from which the constant can tell the way back.
    expect(reduced[1]?.explainedVariance).toBeCloseTo(1, 9)
    expect(reduced[0]?.explainedVariance).toBeLessThan(0.9)
    await expect(crossValidate(features, { cost: 1, dimensions: [13] })).rejects.toThrow(
      'Expected 1 to 12 principal components',
    )
  })

  test('chooses the cost on the training rows', async () => {
    const features = clouds(60, 8)
    const { parts } = await crossValidate(features, { folds: 3, cost: [1e-6, 1] })
    // A cost next to nothing gives machines next to zero, which say the same of every row but for rounding.
    for (const { cost } of parts) expect([1e-6, 1]).toContain(cost)
    const svm = await LinearSvm.fit(features, { cost: [1, 0.1, 1] })
    expect(svm.selection.map(({ cost }) => cost)).toEqual([0.1, 1])
    const best = Math.max(...svm.selection.map(({ accuracy }) => accuracy))
    expect(svm.cost).toBe(svm.selection.find(({ accuracy }) => accuracy === best)?.cost)
  })
})

const sklearn = spawnSync('python3', ['-c', 'import sklearn'], { encoding: 'utf8' })
const why = sklearn.status === 0 ? '' : ` (skipped: python3 cannot import sklearn)`
const describeWithSklearn = why === '' ? describe : describe.skip

describeWithSklearn(`beside scikit-learn's LinearSVC${why}`, () => {
  test.each([
    [0.1, 1],
    [1, 1],
    [10, 2],
  ])('objectives are as low, for C %s and intercept_scaling %s', async (cost, bias) => {
    const features = clouds(200, 30, 4)
    const file = path.join(folder, 'features.npz')
    await saveFeatures(file, features)
    const code = `
import json, sys, numpy as np
from sklearn.svm import LinearSVC
data = np.load(sys.argv[1])
cost, bias = float(sys.argv[2]), float(sys.argv[3])
machine = LinearSVC(C=cost, dual=False, intercept_scaling=bias, tol=1e-10, max_iter=100000)
machine.fit(data['features'].astype(np.float64), data['labels'])
weights = np.hstack([machine.coef_, machine.intercept_[:, None] / bias])
print(json.dumps({'weights': weights.tolist(), 'classes': [str(data['classes'][c]) for c in machine.classes_]}))`
    const answer = JSON.parse(
      execFileSync('python3', ['-c', code, file, String(cost), String(bias)], { encoding: 'utf8' }),
    )
    expect(answer.classes).toEqual((await loadFeatures(file)).classes)
    const svm = await LinearSvm.fit(features, { cost, bias })
    for (const [place, { label, objective }] of svm.fit.entries()) {
      const theirs = objectiveOf(features, label, Float64Array.from(answer.weights[place]), cost, bias).value
      expect(Math.abs(objective / theirs - 1)).toBeLessThan(1e-3)
      expect(objective).toBeLessThan(theirs * (1 + 1e-7))
    }
  })
})
