import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { C3D, evaluate, predict, saveConfusion, saveResults, VideoDataset, type VideoResult } from '../../lib'
import { averagePrecision } from '../../lib/evaluation/average-precision'
import { confusionSvg } from '../../lib/evaluation/confusion-svg'
import { multiLabelScores } from '../../lib/evaluation/multi-label-metrics'
import { ScorePool } from '../../lib/evaluation/score-pool'
import { videoScores } from '../../lib/evaluation/video-metrics'
import { svgToPng } from '../../lib/files/svg-to-png'
import type { NativeModel } from '../../lib/native/binding'
import { type FakeBinding, fakeBinding, fakeScoring } from './fake-binding'

let binding: FakeBinding
jest.mock('../../lib/native/addon', () => ({ addon: () => binding }))

let folder: string
beforeEach(async () => {
  binding = fakeBinding()
  folder = await mkdtemp(path.join(tmpdir(), 'c3d-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** A data set of a video a/0.mp4 and one b/0.mp4. */
async function openData(): Promise<VideoDataset> {
  for (const name of ['a', 'b']) {
    await mkdir(path.join(folder, 'data', name), { recursive: true })
    await writeFile(path.join(folder, 'data', name, '0.mp4'), '')
  }
  return VideoDataset.open(path.join(folder, 'data'))
}

const create = (...classes: string[]) => C3D.create({ architecture: 'depth-1', classes })

describe('average precision', () => {
  test.each([
    // The example of scikit-learn's average_precision_score: precisions 1 and 2/3 at recalls 1/2 and 1.
    ['of a ranking', [0.1, 0.4, 0.35, 0.8], [false, false, true, true], 1 / 2 + (1 / 2) * (2 / 3)],
    ['of a perfect one', [0.9, 0.1], [true, false], 1],
    ['of the worst one', [0.1, 0.2, 0.9], [true, false, false], 1 / 3],
    // At 0.5: 2 of 3 found, 4 looked at; then at 0.2: 3 of 3 found, 5 looked at.
    ['with equal scores', [0.5, 0.5, 0.5, 0.5, 0.2], [true, false, true, false, true], 1 / 3 + 1 / 5],
    ['where all are equal: the share', [0.5, 0.5, 0.5, 0.5], [true, false, false, false], 1 / 4],
  ])('%s', (_, scores, relevant, value) => {
    expect(averagePrecision(scores, relevant)).toBeCloseTo(value, 12)
  })

  test('there is none where nothing is relevant', () => {
    expect(averagePrecision([0.5], [false])).toBeNull()
  })
})

test('videos of any number of classes are scored by class', async () => {
  const scores = await multiLabelScores(
    ['a', 'b', 'c'],
    [
      { classes: [0, 1], probabilities: [0.9, 0.4, 0.1] }, // b is missed
      { classes: [0], probabilities: [0.5, 0.1, 0.2] }, // right
      { classes: [], probabilities: [0.6, 0.2, 0.3] }, // a is wrong
      { classes: [1], probabilities: [0.4, 0.8, 0.1] }, // right
    ],
    0.5,
  )
  // Ranked by a: right, wrong, right. By b: right, right.
  const averagePrecision = (1 + 2 / 3) / 2
  expect(scores).not.toHaveProperty('confusion')
  expect(scores).toMatchObject({
    threshold: 0.5,
    videos: 4,
    videoTop1: 1,
    videoTop5: 1,
    meanClassAccuracy: (1 + 1 / 2) / 2,
    perClass: [
      { label: 'a', support: 2, precision: 2 / 3, recall: 1, f1: 4 / 5 },
      { label: 'b', support: 2, precision: 1, recall: 1 / 2, f1: 2 / 3, averagePrecision: 1 },
      { label: 'c', support: 0, precision: null, recall: null, f1: null, averagePrecision: null },
    ],
  })
  expect(scores.perClass[0]?.averagePrecision).toBeCloseTo(averagePrecision, 12)
  expect(scores.multiLabel).toEqual({
    meanAveragePrecision: expect.closeTo((averagePrecision + 1) / 2, 12),
    microF1: 6 / 8,
    macroF1: expect.closeTo((4 / 5 + 2 / 3) / 2, 12),
    hammingLoss: 2 / 12,
    subsetAccuracy: 2 / 4,
  })
})

test('videos are scored by class', async () => {
  const scores = await videoScores(
    ['a', 'b', 'c', 'd'],
    [
      { label: 0, probabilities: [0.7, 0.2, 0.1, 0] },
      { label: 0, probabilities: [0.3, 0.6, 0.1, 0] },
      { label: 0, probabilities: [0.6, 0.3, 0.1, 0] },
      { label: 1, probabilities: [0.4, 0.5, 0.1, 0] },
      { label: 2, probabilities: [0.5, 0.4, 0.1, 0] },
    ],
  )
  expect(scores.confusion).toEqual([
    [2, 1, 0, 0],
    [0, 1, 0, 0],
    [1, 0, 0, 0],
    [0, 0, 0, 0],
  ])
  expect(scores).toMatchObject({ videoTop1: 3 / 5, videoTop5: 1, videos: 5 })
  // Ranked by a: right, right, c, b, right. By b: a, right, … By c: all the same.
  const [a, b, c] = [(1 + 1 + 3 / 5) / 3, 1 / 2, 1 / 5]
  const expected = [
    { label: 'a', support: 3, precision: 2 / 3, recall: 2 / 3, f1: 2 / 3, averagePrecision: a },
    { label: 'b', support: 1, precision: 1 / 2, recall: 1, f1: 2 / 3, averagePrecision: b },
    { label: 'c', support: 1, precision: null, recall: 0, f1: 0, averagePrecision: c },
    { label: 'd', support: 0, precision: null, recall: null, f1: null, averagePrecision: null },
  ]
  expected.forEach((score, i) => {
    expect(scores.perClass[i]).toEqual({
      ...score,
      averagePrecision: score.averagePrecision === null ? null : expect.closeTo(score.averagePrecision, 12),
    })
  })
  expect(scores.meanClassAccuracy).toBeCloseTo((2 / 3 + 1 + 0) / 3, 12)
  expect(scores.meanAveragePrecision).toBeCloseTo((a + b + c) / 3, 12)
})

describe('clips are made one answer', () => {
  // softmax: [0.8, 0.2] and [0.1, 0.9]
  const clips = [
    [Math.log(4), 0],
    [0, Math.log(9)],
  ]

  test.each([
    ['probabilities', (0.8 + 0.1) / 2],
    // The mean logits are log 2 and log 3.
    ['logits', 2 / 5],
    ['max', 0.8 / (0.8 + 0.9)],
  ] as const)('by %s', (aggregate, first) => {
    const probabilities = new ScorePool(aggregate, false).addAll(clips).probabilities()
    expect(probabilities).toEqual([expect.closeTo(first, 12), expect.closeTo(1 - first, 12)])
  })

  test.each([
    ['probabilities', [(0.8 + 0.5) / 2, (0.5 + 0.9) / 2]],
    // The mean logits are log 2 and log 3.
    ['logits', [2 / 3, 3 / 4]],
    ['max', [0.8, 0.9]],
  ] as const)('of a multi-label model, by %s', (aggregate, expected) => {
    const probabilities = new ScorePool(aggregate, true).addAll(clips).probabilities()
    expect(probabilities).toEqual(expected.map((probability) => expect.closeTo(probability, 12)))
  })

  test('in predict and evaluate', async () => {
    binding.score = fakeScoring(() => clips.map((logits, i) => ({ start: 16 * i, logits })))
    const model = await create('a', 'b')
    const data = await openData()
    const video = data.videos[0]?.path ?? ''
    const { probabilities } = await model.predict(video, { aggregate: 'max' })
    expect(probabilities[0]).toBeCloseTo(0.8 / 1.7, 6)
    const { results } = await evaluate(model, data, { aggregate: 'logits', details: true })
    expect(results?.[0]?.probabilities[0]).toBeCloseTo(0.4, 6)
    await expect(evaluate(model, data, { aggregate: 'mean' as 'max' })).rejects.toThrow(
      "at evaluate.aggregate: expected one of 'probabilities', 'logits', 'max', got 'mean'",
    )
  })
})

test('crops of a clip count as one clip', async () => {
  const crops = [
    [Math.log(4), 0],
    [0, Math.log(9)],
    [0, 0],
  ]
  binding.score = fakeScoring(() => crops.map((logits) => ({ start: 0, logits })))
  const { clips, results } = await evaluate(await create('a', 'b'), await openData(), { details: true })
  expect(clips).toBe(2)
  expect(results?.[0]?.probabilities[0]).toBeCloseTo((0.8 + 0.1 + 0.5) / 3, 6)
})

test('results come for every video, while others are in work', async () => {
  const seen: string[] = []
  const score = fakeScoring((_, item) => {
    seen.push(`asked ${item}`)
    return [0, 16].map((start) => ({ start, logits: [2, 0, 1] }))
  })
  binding.score = score
  const onVideo = ({ path: file, right }: VideoResult) =>
    seen.push(`${path.basename(path.dirname(file))} ${right}`)
  const progress: number[] = []
  const { results } = await evaluate(await create('a', 'b', 'c'), await openData(), {
    details: true,
    topK: 2,
    onVideo,
    onProgress: ({ done }) => {
      progress.push(done)
      seen.push(`clips ${done}`)
    },
  })
  expect(seen.slice(2)).toEqual(['clips 1', 'clips 2', 'clips 3', 'a true', 'clips 4', 'b false'])
  expect(results).toMatchObject([
    {
      path: path.join(folder, 'data/a/0.mp4'),
      label: 'a',
      right: true,
      top: [{ label: 'a' }, { label: 'c' }],
    },
    { label: 'b', right: false },
  ])
  const failing = evaluate(await create('a', 'b', 'c'), await openData(), {
    onVideo: () => {
      throw new Error('enough')
    },
  })
  await expect(failing).rejects.toThrow('enough')
})

describe('several models', () => {
  /** Two models, the second with its classes in another order; each answers all videos by its own logits. */
  async function models(first: number[], second: number[]): Promise<C3D[]> {
    const pair = [await create('a', 'b'), await create('b', 'a')]
    const asked: NativeModel[] = []
    binding.score = (model, ...rest) => {
      if (!asked.includes(model)) asked.push(model)
      const logits = [first, second][asked.indexOf(model)] ?? []
      return fakeScoring(() => [{ start: 0, logits }])(model, ...rest)
    }
    return pair
  }
  const [mostlyA, surelyB] = [
    [Math.log(3), 0],
    [Math.log(9), 0],
  ]

  test('are evaluated together and each by itself', async () => {
    const data = await openData()
    const seen: number[] = []
    const {
      weights,
      videoTop1,
      models: each,
      confusion,
      results,
    } = await evaluate(await models(mostlyA, surelyB), data, {
      weights: [1, 3],
      details: true,
      onVideo: ({ probabilities }) => seen.push(probabilities[0] ?? 0),
    })
    expect(weights).toEqual([0.25, 0.75])
    const fused = 0.25 * 0.75 + 0.75 * 0.1
    expect(seen).toEqual([expect.closeTo(fused, 6), expect.closeTo(fused, 6)])
    expect(results).toMatchObject([{ right: false, top: [{ label: 'b' }, { label: 'a' }] }, { right: true }])
    expect(videoTop1).toBe(0.5)
    expect(confusion).toEqual([
      [0, 1],
      [0, 1],
    ])
    expect(each.map((evaluation) => evaluation.confusion)).toEqual([
      [
        [1, 0],
        [1, 0],
      ],
      [
        [0, 1],
        [0, 1],
      ],
    ])
    expect(each[0]).toMatchObject({ clips: 2, clipTop1: 0.5 })
    expect(each[0]).not.toHaveProperty('results')
  })

  test('predict together', async () => {
    const video = (await openData()).videos[0]?.path ?? ''
    const {
      top,
      probabilities,
      models: each,
    } = await predict(await models(mostlyA, surelyB), video, { topK: 1 })
    expect(probabilities).toEqual([expect.closeTo((0.75 + 0.1) / 2, 6), expect.closeTo((0.25 + 0.9) / 2, 6)])
    expect(top).toMatchObject([{ label: 'b' }])
    expect(each.map((prediction) => prediction.top[0]?.label)).toEqual(['a', 'b'])
  })

  test('must have the same classes, and a weight each', async () => {
    const data = await openData()
    const pair = [await create('a', 'b', 'c'), await create('a', 'd', 'b')]
    await expect(evaluate(pair, data)).rejects.toMatchObject({
      code: 'C3D_INVALID_ARGUMENT',
      message: expect.stringContaining("only the first has 'c', and only number 2 has 'd'"),
    })
    await expect(evaluate([], data)).rejects.toThrow('Expected at least one model')
    const same = await models(mostlyA, surelyB)
    await expect(evaluate(same, data, { weights: [1] })).rejects.toThrow(
      'at evaluate.weights: expected 2 numbers, one a model and not all 0, got [1]',
    )
    await expect(predict(same, 'x', { weights: [0, 0] })).rejects.toMatchObject({
      code: 'C3D_INVALID_CONFIG',
    })
    await expect(evaluate(same, data, { weights: [1, -1] })).rejects.toThrow('a number of at least 0, got -1')
  })
})

describe('files', () => {
  const matrix = {
    confusion: [
      [3, 1],
      [0, 2],
    ],
    perClass: ['a, "b"', 'x < y'].map((label) => ({
      ...{ label, support: 1, precision: 1, recall: 1, f1: 1, averagePrecision: 1 },
    })),
  }

  test('the confusion matrix as numbers', async () => {
    const file = path.join(folder, 'matrix.csv')
    await saveConfusion(file, matrix)
    expect(await readFile(file, 'utf8')).toBe('class,"a, ""b""",x < y\n"a, ""b""",3,1\nx < y,0,2\n')
  })

  test('the confusion matrix as a picture', async () => {
    const file = path.join(folder, 'matrix.SVG')
    await saveConfusion(file, matrix)
    const svg = await readFile(file, 'utf8')
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="\d+" height="\d+"/)
    expect(svg.match(/<rect /g)).toHaveLength(1 + 3)
    expect(svg).toContain('<title>a, "b" answered as x &lt; y: 1 of 4</title>')
    expect(svg).toMatch(/>3<\/text>/)
    expect(svg).not.toMatch(/>0<\/text>/)
  })

  test('the confusion matrix as pixels, with fonts that the machine need not have', async () => {
    const file = path.join(folder, 'matrix.png')
    await saveConfusion(file, matrix)
    const [svg, png] = [confusionSvg(matrix), await readFile(file)]
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg) ?? []
    expect(png.subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([2 * Number(width), 2 * Number(height)])
    // Without its text the picture is another one: the letters were drawn.
    const silent = await svgToPng(svg.replaceAll(/<text[^>]*>[^<]*<\/text>/g, ''))
    expect(png.equals(silent)).toBe(false)
    await expect(svgToPng('no drawing')).rejects.toMatchObject({ code: 'C3D_INVALID_ARGUMENT' })
  })

  test('the results', async () => {
    const result = {
      path: 'v,1.mp4',
      label: 'a',
      right: true,
      top: [{ label: 'a', probability: 0.75 }],
      probabilities: [0.75, 0.25],
    }
    const part = { ...result, start: 3, end: 19, right: false }
    await saveResults(path.join(folder, 'videos.csv'), [result, part])
    expect(await readFile(path.join(folder, 'videos.csv'), 'utf8')).toBe(
      'path,start,end,label,right,answer1,probability1\n"v,1.mp4",,,a,true,a,0.75\n"v,1.mp4",3,19,a,false,a,0.75\n',
    )
    await saveResults(path.join(folder, 'videos.jsonl'), [result, part])
    const lines = (await readFile(path.join(folder, 'videos.jsonl'), 'utf8')).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual([result, part])
  })

  test('with other endings are refused, by name', async () => {
    await expect(saveConfusion('matrix.jpg', matrix)).rejects.toThrow(
      "ends with .csv, .svg or .png for the confusion matrix, got 'matrix.jpg'",
    )
    await expect(saveConfusion('matrix.svg', { perClass: matrix.perClass })).rejects.toThrow(
      'A multi-label model has no confusion matrix',
    )
    await expect(saveResults('videos.txt', [])).rejects.toMatchObject({ code: 'C3D_INVALID_ARGUMENT' })
    await expect(saveConfusion(path.join(folder, 'none', 'matrix.csv'), matrix)).rejects.toThrow(
      'Cannot write',
    )
  })
})
