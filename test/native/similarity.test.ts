import { evaluateSimilarity, FeatureSet } from '../../lib'
import { randomNumbers } from '../support/frame-folders'

/** Videos of `actions` actions, a centre each; pairs of the same and of others, folds of actions of their own. */
function task(noise: number) {
  const random = randomNumbers(8)
  const [actions, each, dimensions] = [20, 6, 10]
  const centres = Array.from({ length: actions }, () =>
    Array.from({ length: dimensions }, () => 5 * random()),
  )
  const rows = Array.from({ length: actions * each }, (_, i) => ({ path: `${i}`, label: '', group: i }))
  const data = Float32Array.from(
    rows.flatMap((_, i) =>
      (centres[Math.floor(i / each)] ?? []).map((value) => Math.max(0, value + noise * (random() - 0.5))),
    ),
  )
  const pairs = Array.from({ length: 200 }, (_, i) => {
    const fold = i % 5
    const [one, two] = [4 * fold + Math.floor(4 * random()), 4 * fold + Math.floor(4 * random())]
    const [first, second] = [one * each + (i % each), two * each + ((i + 1) % each)]
    return { first: `${first}`, second: `${second}`, same: one === two, fold }
  })
  return { features: new FeatureSet({ data, rows, classes: [], layer: 'fc6' }), pairs }
}

test('pairs of one action are told from others, on actions that were not trained on', async () => {
  const { features, pairs } = task(2)
  const { accuracy, areaUnderRoc, folds, standardError } = await evaluateSimilarity([features], pairs)
  expect(folds.map((one) => one.pairs)).toEqual([40, 40, 40, 40, 40])
  expect(accuracy).toBeGreaterThan(0.95)
  expect(areaUnderRoc).toBeGreaterThan(0.98)
  expect(standardError).toBeLessThan(0.05)
})

test('by chance where the features tell nothing', async () => {
  const { features, pairs } = task(2)
  const random = randomNumbers(9)
  const noise = new FeatureSet({ ...features, data: features.data.map(() => random()) })
  const balanced = pairs.map((pair, i) => ({ ...pair, same: Math.floor(i / 5) % 2 === 0 }))
  const { areaUnderRoc } = await evaluateSimilarity([noise, noise], balanced, { cost: 1 })
  expect(areaUnderRoc).toBeGreaterThan(0.35)
  expect(areaUnderRoc).toBeLessThan(0.65)
  const oneFold = balanced.map((pair) => ({ ...pair, fold: 1 }))
  await expect(evaluateSimilarity([noise], oneFold)).rejects.toMatchObject({ code: 'C3D_EMPTY_DATASET' })
})
