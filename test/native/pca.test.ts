import path from 'node:path'
import { FeatureSet, Pca } from '../../lib'
import { randomNumbers } from '../support/frame-folders'
import { temporaryFolder } from '../support/temporary'

const folder = temporaryFolder()

function randomFeatures(rows: number, dimensions: number): FeatureSet {
  const random = randomNumbers(11)
  return new FeatureSet({
    data: Float32Array.from({ length: rows * dimensions }, (_, i) => random() * (1 + (i % dimensions)) + 2),
    rows: Array.from({ length: rows }, (_, i) => ({ path: `${i}`, label: 'a', group: i })),
    classes: ['a'],
    layer: 'test',
  })
}

const column = (features: FeatureSet, place: number) =>
  features.rows.map((_, i) => features.row(i)[place] ?? 0)
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, i) => sum + v * (b[i] ?? 0), 0)
const centred = (values: number[]) => {
  const mean = values.reduce((a, b) => a + b) / values.length
  return values.map((value) => value - mean)
}

describe.each([
  ['more rows than values', 30, 6, 6],
  ['fewer rows than values', 6, 30, 5],
])('%s', (_, rows, dimensions, components) => {
  const features = randomFeatures(rows, dimensions)
  const variance = Array.from({ length: dimensions }, (__, i) => centred(column(features, i)))
    .map((values) => dot(values, values) / (rows - 1))
    .reduce((a, b) => a + b)

  test('projections do not correlate, their variances fall, and together they are all there is', async () => {
    const pca = await Pca.fit(features, { components })
    const projected = await pca.transform(features)
    const columns = Array.from({ length: components }, (__, i) => column(projected, i))
    columns.forEach((one, i) => {
      expect(one.reduce((a, b) => a + b) / rows).toBeCloseTo(0, 4)
      const part = dot(one, one) / (rows - 1) / variance
      expect(part).toBeCloseTo(pca.explainedVariance[i] ?? Number.NaN, 5)
      for (const other of columns.slice(i + 1))
        expect(dot(one, other) / Math.sqrt(dot(one, one) * dot(other, other))).toBeCloseTo(0, 4)
    })
    const sorted = pca.explainedVariance.toSorted((a, b) => b - a)
    expect(pca.explainedVariance).toEqual(sorted)
    expect(pca.explainedVariance.reduce((a, b) => a + b)).toBeCloseTo(1, 9)
  })

  test('all components keep the distances between rows', async () => {
    const projected = await (await Pca.fit(features, { components })).transform(features)
    const distance = (set: FeatureSet, a: number, b: number) =>
      Math.hypot(...set.row(a).map((value, i) => value - (set.row(b)[i] ?? 0)))
    for (let i = 1; i < rows; i++) expect(distance(projected, 0, i)).toBeCloseTo(distance(features, 0, i), 3)
  })
})

test('the first component is the direction of the largest variance', async () => {
  const random = randomNumbers(4)
  const data = Array.from({ length: 200 }, () => {
    const along = random() - 0.5
    return [3 * along + 1, -4 * along + 2, 0.01 * random()]
  })
  const features = new FeatureSet({
    data: Float32Array.from(data.flat()),
    rows: data.map((__, i) => ({ path: `${i}`, label: '', group: i })),
    classes: [],
    layer: 'test',
  })
  const pca = await Pca.fit(features, { components: 1 })
  const { data: places } = await pca.transform(features)
  const means = [0, 1].map((i) => data.reduce((sum, row) => sum + (row[i] ?? 0), 0) / 200)
  // The largest entry of a component is positive: (-0.6, 0.8).
  data.forEach(([x = 0, y = 0], i) => {
    const expected = -0.6 * (x - (means[0] ?? 0)) + 0.8 * (y - (means[1] ?? 0))
    expect(places[i]).toBeCloseTo(expected, 3)
  })
})

test('is saved, and refuses what does not fit', async () => {
  const features = randomFeatures(12, 5)
  const pca = await Pca.fit(features, { components: 3 })
  const file = path.join(folder, 'pca.safetensors')
  await pca.save(file)
  const loaded = await Pca.load(file)
  expect(loaded.explainedVariance).toEqual(pca.explainedVariance)
  expect((await loaded.transform(features)).data).toEqual((await pca.transform(features)).data)
  await expect(Pca.fit(features, { components: 6 })).rejects.toThrow('Expected 1 to 5 principal components')
  await expect(pca.transform(randomFeatures(4, 6))).rejects.toThrow('Expected features of 5 values')
})

test('copies of rows vary in fewer directions: the others are 0', async () => {
  const once = randomFeatures(4, 9)
  const twice = new FeatureSet({
    ...once,
    data: Float32Array.from([...once.data, ...once.data]),
    rows: [...once.rows, ...once.rows],
  })
  const pca = await Pca.fit(twice, { components: 5 })
  const projected = await pca.transform(randomFeatures(7, 9))
  expect(column(projected, 2).some((value) => Math.abs(value) > 1e-3)).toBe(true)
  expect([...column(projected, 3), ...column(projected, 4)].every((value) => value === 0)).toBe(true)
})
