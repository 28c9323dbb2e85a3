import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { VideoDataset } from '../../lib'
import { dealFolds } from '../../lib/dataset/folds'
import { chooseValidation, type SplitItem } from '../../lib/dataset/split'
import { Random } from '../../lib/random'
import { type FakeBinding, fakeBinding } from './fake-binding'

let binding: FakeBinding
jest.mock('../../lib/native/addon', () => ({ addon: () => binding }))

/** Items of a first class that all have, and of rarer ones: the more, the rarer. */
function randomItems(count: number, itemsOfGroup: number, seed: number): SplitItem[] {
  const random = new Random('items', seed)
  return Array.from({ length: count }, (_, i) => ({
    labels: [0, ...[0.5, 0.3, 0.2, 0.1, 0.06].flatMap((part, k) => (random.next() < part ? [k + 1] : []))],
    group: String(Math.floor(i / itemsOfGroup)),
  }))
}

function countsOf(items: readonly SplitItem[]): number[] {
  const counts = new Array<number>(6).fill(0)
  for (const { labels } of items) for (const label of labels) counts[label] = (counts[label] ?? 0) + 1
  return counts
}

/** How far the classes of some items are from their share, in items; the worst. */
function worst(items: readonly SplitItem[], part: readonly SplitItem[], share: number): number {
  const all = countsOf(items)
  return Math.max(...countsOf(part).map((count, label) => Math.abs(count - share * (all[label] ?? 0))))
}

const seeds = Array.from({ length: 20 }, (_, i) => i + 1)

describe('items of several classes', () => {
  test.each(seeds)('give every class its share of the validation, seed %i', (seed) => {
    const items = randomItems(200, 1, seed)
    const chosen = chooseValidation(items, 0.2, seed)
    // Drawn at random, the worst of six classes would be some five items off.
    expect(
      worst(
        items,
        items.filter((_, i) => chosen[i]),
        0.2,
      ),
    ).toBeLessThanOrEqual(2)
    expect(chooseValidation(items, 0.2, seed)).toEqual(chosen)
    expect(chooseValidation(items, 0.2, seed + 1)).not.toEqual(chosen)
  })

  test.each(seeds)('give every class its share of every fold, seed %i', (seed) => {
    const items = randomItems(200, 1, seed)
    const folds = dealFolds(items, 5, seed)
    for (let fold = 0; fold < 5; fold++) {
      const part = items.filter((_, i) => folds[i] === fold)
      expect(worst(items, part, 0.2)).toBeLessThanOrEqual(2)
    }
    expect(dealFolds(items, 5, seed)).toEqual(folds)
  })

  test.each(seeds)('keep their groups together, seed %i', (seed) => {
    const items = randomItems(300, 4, seed)
    const sides = (parts: readonly unknown[]) => new Set(items.map(({ group }, i) => `${group} ${parts[i]}`))
    const chosen = chooseValidation(items, 0.25, seed)
    expect(sides(chosen).size).toBe(75)
    expect(
      worst(
        items,
        items.filter((_, i) => chosen[i]),
        0.25,
      ),
    ).toBeLessThanOrEqual(4)
    expect(sides(dealFolds(items, 4, seed)).size).toBe(75)
  })
})

const itemsOf = (...lists: number[][]) => lists.map((labels, i) => ({ labels, group: String(i) }))

test.each(seeds)(
  'no class is whole in the validation, and each of two items is on both sides, seed %i',
  (seed) => {
    const chosen = chooseValidation(itemsOf([0, 1], [0, 2], [1], [2], [3], [3, 0], [4]), 0.1, seed)
    const labelsOn = (side: boolean) =>
      itemsOf([0, 1], [0, 2], [1], [2], [3], [3, 0], [4]).flatMap(({ labels }, i) =>
        chosen[i] === side ? labels : [],
      )
    expect(new Set(labelsOn(false))).toEqual(new Set([0, 1, 2, 3, 4]))
    expect(new Set(labelsOn(true))).toEqual(new Set([0, 1, 2, 3]))
  },
)

test.each(seeds)(
  'items without a class are dealt out by number, and no fold stays empty, seed %i',
  (seed) => {
    const items = itemsOf([], [], [], [], [], [], [0], [0], [0, 1])
    const sizes = (parts: number[]) => [0, 1, 2].map((part) => parts.filter((each) => each === part).length)
    expect(sizes(dealFolds(items, 3, seed))).toEqual([3, 3, 3])
    expect(chooseValidation(itemsOf([], [], [], [], [], []), 1 / 3, seed).filter(Boolean)).toHaveLength(2)
  },
)

test('items of one class each are parted as they have always been', () => {
  const items = Array.from({ length: 40 }, (_, i) => ({
    labels: [[0, 0, 1, 2, 0, 1, 3, 0][i % 8] ?? 0],
    group: String(i % 3 === 0 ? i - (i % 9) : i),
  }))
  expect(chooseValidation(items, 0.25, 7).map(Number).join('')).toBe(
    '0010000100000000000000000001001101001101',
  )
  expect(dealFolds(items, 4, 7).join('')).toBe('2232302020300120321031011323023213011011')
})

test('a data set of several labels is parted by all of them', async () => {
  binding = fakeBinding()
  const folder = await mkdtemp(path.join(tmpdir(), 'c3d-'))
  try {
    // By their first label alone, all would be alike.
    const rows = Array.from({ length: 20 }, (_, i) => ({
      path: `${i}.mp4`,
      labels: ['all', ...(i % 5 === 0 ? ['rare'] : [])],
    }))
    for (const row of rows) await writeFile(path.join(folder, row.path), '')
    const manifest = path.join(folder, 'videos.jsonl')
    await writeFile(manifest, rows.map((row) => JSON.stringify(row)).join('\n'))
    using data = await VideoDataset.open(manifest)
    for (const seed of seeds) {
      expect(data.split({ validation: 0.25, seed }).validation.classCounts()).toEqual([5, 1])
      for (const { validation } of data.folds(4, { seed })) expect(validation.classCounts()).toEqual([5, 1])
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})
