import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { distances, FeatureSet, readPairs } from '../../lib'
import { pairDistances } from '../../lib/similarity/pair-features'
import { areaUnderRoc } from '../../lib/similarity/roc'

describe('the twelve distances', () => {
  // Chosen so that roots come out even; sums 50 and 50, so that normalising divides by 50.
  const x = Float32Array.of(1, 49, 0)
  const y = Float32Array.of(9, 25, 16)
  const { sqrt, log } = Math

  test.each([
    ['inner product', 9 + 1225],
    ['root of the inner product', sqrt(1234)],
    ['root of the inner product of roots', sqrt(3 + 35)],
    ['root of harmonic means', sqrt(9 / 10 + 1225 / 74)],
    ['cosine', 1234 / (sqrt(1 + 2401) * sqrt(81 + 625 + 256))],
    ['chi-square', sqrt(64 / 10 + 576 / 74 + 256 / 16)],
    ['city block', 8 + 24 + 16],
    ['Hellinger', sqrt(4 + 4 + 16)],
    ['Euclidean', sqrt(64 + 576 + 256) / 50],
    [
      'symmetric Kullback-Leibler',
      ((1 / 50) * log(1 / 9) +
        (9 / 50) * log(9) +
        (49 / 50) * log(49 / 25) +
        (25 / 50) * log(25 / 49) +
        1e-10 * log(1e-10 / 0.32) +
        0.32 * log(0.32 / 1e-10)) /
        2,
    ],
    ['roots of the larger', 3 / sqrt(10) + 7 / sqrt(74) + 1],
    ['intersection', (1 + 25 + 0) / 50],
  ])('%s', (name, expected) => {
    expect(distances[name]?.(x, y)).toBeCloseTo(expected, 6)
    expect(distances[name]?.(y, x)).toBeCloseTo(expected, 6)
  })

  test('are all there, and are numbers for zeros', () => {
    expect(Object.keys(distances)).toHaveLength(12)
    const zeros = new Float32Array(3)
    for (const distance of Object.values(distances))
      for (const other of [zeros, x]) expect(Number.isFinite(distance(zeros, other))).toBe(true)
  })
})

test.each([
  ['all in order', [1, 2, 3, 4], [false, false, true, true], 1],
  ['all in the wrong order', [4, 3, 2, 1], [false, false, true, true], 0],
  ['one of four the wrong way', [1, 3, 2, 4], [false, false, true, true], 3 / 4],
  ['ties count half', [1, 1, 1, 2], [false, true, false, true], (2 + 1) / 4],
  ['none where all are positive', [1, 2], [true, true], null],
])('area under the ROC curve: %s', (_, scores, positive, expected) => {
  expect(areaUnderRoc(scores, positive)).toBe(expected)
})

const set = (values: number[]) =>
  new FeatureSet({
    data: Float32Array.from(values),
    rows: ['data/a/0.mp4', 'data/b/0.mp4'].map((file, i) => ({ path: file, label: '', group: i })),
    classes: [],
    layer: 'fc6',
  })

describe('pairs', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'c3d-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  test('are read, and a wrong one is told with its line', async () => {
    const file = path.join(folder, 'pairs.csv')
    await writeFile(file, 'first,second,same,fold\na/0.mp4,b/0.mp4,1,2\nb/0.mp4,a/0.mp4,no,3\n')
    expect(await readPairs(file)).toEqual([
      { first: 'a/0.mp4', second: 'b/0.mp4', same: true, fold: 2 },
      { first: 'b/0.mp4', second: 'a/0.mp4', same: false, fold: 3 },
    ])
    await writeFile(file, 'first,second,same,fold\na/0.mp4,b/0.mp4,maybe,2\n')
    await expect(readPairs(file)).rejects.toThrow(/line 2.*same: expected 1 or 0/s)
  })

  test('find their videos by the end of the path', async () => {
    const pair = { first: 'a/0.mp4', second: 'data/b/0.mp4', same: true, fold: 1 }
    const values = await pairDistances([set([1, 2, 3, 4]), set([1, 1, 1, 1])], [pair])
    expect(values).toHaveLength(24)
    expect([values[0], values[12]]).toEqual([3 + 8, 2])
    const wrong = async (first: string) => pairDistances([set([1, 2, 3, 4])], [{ ...pair, first }])
    await expect(wrong('0.mp4')).rejects.toThrow('several videos end so')
    await expect(wrong('c/0.mp4')).rejects.toThrow('there are none')
    await expect(pairDistances([set([1, -2, 3, 4])], [pair])).rejects.toThrow('without negative values')
  })
})
