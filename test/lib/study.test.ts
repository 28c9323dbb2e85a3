import { lineChartSvg } from '../../lib/charts/line-chart'
import { ticks } from '../../lib/charts/ticks'
import { resolveArchitecture } from '../../lib/config/architectures'
import { resolveNets, resolveReference, studySchema } from '../../lib/config/study'
import { studyCharts } from '../../lib/study/charts'
import type { StudyEpoch, StudyOutcome, StudyResult } from '../../lib/study/events'
import { matchWidths } from '../../lib/study/match-widths'
import { spread, summarize, withinPair } from '../../lib/study/summary'
import { curveTable, markdownTable, outcomesCsv, summaryTable, tableNotes } from '../../lib/study/tables'

const settings = (options: object) => studySchema.parse({ out: 'x', ...options })

describe('spread', () => {
  test('mean and sample standard deviation', () => {
    expect(spread([1, 2, undefined, 6])).toEqual({ mean: 3, deviation: Math.sqrt(7), count: 3 })
  })
  test('one value has no deviation, none has no mean', () => {
    expect(spread([0.5])).toEqual({ mean: 0.5, deviation: null, count: 1 })
    expect(spread([undefined])).toBeNull()
  })
})

test('accuracy within a pair looks at the answers within the pair alone', () => {
  const confusion = [
    [3, 1, 6],
    [2, 4, 4],
    [9, 9, 0],
  ]
  expect(withinPair(confusion, [0, 1])).toBe(7 / 10)
  expect(withinPair(confusion, [1, 2])).toBe(4 / 17)
  expect(
    withinPair(
      [
        [0, 0, 5],
        [0, 0, 5],
        [0, 0, 5],
      ],
      [0, 1],
    ),
  ).toBeUndefined()
})

describe('networks', () => {
  test('section 3.2’s six, with the options given', () => {
    const nets = resolveNets(settings({ network: { widthMultiplier: 0.25, spatialKernel: 5 } }))
    expect(nets.map(({ name }) => name)).toEqual([
      'depth-1',
      'depth-3',
      'depth-5',
      'depth-7',
      'increasing',
      'decreasing',
    ])
    expect(nets[4]?.layers.flatMap((layer) => (layer.type === 'conv' ? [layer.kernel] : []))).toEqual([
      [3, 5, 5],
      [3, 5, 5],
      [5, 5, 5],
      [5, 5, 5],
      [7, 5, 5],
    ])
    // The preset is modern, which has batch norm in named networks.
    expect(nets[0]?.layers[0]).toMatchObject({ filters: 16, batchNorm: true })
  })

  test.each([
    [{ nets: ['depth-3', { name: 'depth-3', widthMultiplier: 2 }] }, "there are two networks 'depth-3'"],
    [{ nets: ['depth-9'] }, "got 'depth-9'"],
    [
      { nets: ['depth-1', { name: 'depth-3', input: { frames: 8 } }] },
      'all networks of a study see the same clips',
    ],
    [
      { nets: [{ name: '../x', layers: [{ type: 'linear', name: 'f', units: 2 }] }] },
      'since it names a folder',
    ],
    [{ network: { spatialKernel: 4 } }, 'expected an odd whole number of at least 1, got 4'],
  ])('%j is refused', (options, message) => {
    expect(() => resolveNets(settings(options))).toThrow(message)
  })

  test('the reference is the study’s own depth-3, or one with the same options', () => {
    const study = settings({
      nets: ['depth-1'],
      network: { widthMultiplier: 0.5, input: { height: 64, width: 48 } },
    })
    const nets = resolveNets(study)
    expect(resolveReference(nets, study)).toMatchObject({
      name: 'depth-3',
      input: { frames: 16, height: 64, width: 48 },
    })
    const both = resolveNets({ ...study, nets: ['depth-1', 'depth-3'] })
    expect(resolveReference(both, study)).toBe(both[1])
  })
})

test('widths are scaled together, and single layers by at most one more', async () => {
  const net = resolveArchitecture('depth-3', { batchNorm: false, dropout: 0.5 })
  const sum = ({ layers }: typeof net) =>
    layers.reduce((total, layer) => {
      if (layer.type === 'pool') return total
      return total + (layer.type === 'conv' ? layer.filters : layer.units)
    }, 0)
  const matched = await matchWidths(net, 2001, sum)
  expect(sum(matched)).toBe(2001)
  const factor = 2001 / sum(net)
  matched.layers.forEach((layer, i) => {
    const before = net.layers[i]
    if (layer.type === 'conv' && before?.type === 'conv')
      expect(Math.abs(layer.filters - before.filters * factor)).toBeLessThan(2)
  })
  expect(sum(await matchWidths(net, 20_000, sum))).toBe(20_000)
})

const scores = (clipTop1: number) => ({
  loss: 1,
  clipTop1,
  clipTop5: 1,
  videoTop1: clipTop1 / 2,
  videoTop5: 1,
  clips: 4,
  videos: 2,
})
const epochsOf = (...accuracies: number[]): StudyEpoch[] =>
  accuracies.map((accuracy, i) => ({
    epoch: i + 1,
    loss: 2,
    accuracy,
    seconds: 3,
    validation: scores(accuracy) as never,
  }))
const outcome = (net: string, seed: number, ...accuracies: number[]): StudyOutcome => ({
  net,
  seed,
  reason: 'finished',
  epochs: epochsOf(...accuracies),
  confusion: [
    [2, 1],
    [0, 3],
  ],
  seconds: 3 * accuracies.length,
})

function resultOf(
  outcomes: StudyOutcome[],
  names: string[],
  match: StudyResult['match'] = null,
): StudyResult {
  const nets = names.map((name, i) => ({
    name,
    architecture: resolveArchitecture('depth-3', { batchNorm: false, dropout: 0.5 }),
    parameters: 1000 + i,
    macs: 2e9,
  }))
  const summaries = nets.map((net) => summarize(net, outcomes, ['a', 'b'], [['a', 'b']]))
  return { reason: 'finished', classes: ['a', 'b'], seeds: 2, match, nets: summaries, outcomes, out: 'x' }
}

describe('results', () => {
  const outcomes = [
    outcome('depth-1', 1, 0.2, 0.4),
    outcome('depth-1', 2, 0.4, 0.5),
    outcome('<mine>', 1, 0.7, 0.8),
    { ...outcome('<mine>', 2, 0.1), reason: 'diverged' as const, confusion: null },
  ]
  const result = resultOf(outcomes, ['depth-1', '<mine>'], {
    match: 'parameters',
    net: 'depth-3',
    target: 1000,
  })

  test('a summary over seeds, of the last epoch, without trainings that diverged', () => {
    const [depth1, mine] = result.nets
    expect(depth1?.clipTop1?.mean).toBeCloseTo(0.45)
    expect(depth1?.videoTop1?.mean).toBeCloseTo(0.225)
    expect(depth1?.pairs).toEqual([
      { classes: ['a', 'b'], accuracy: { mean: 5 / 6, deviation: 0, count: 2 } },
    ])
    expect(depth1?.curve.map(({ mean }) => mean)).toEqual([expect.closeTo(0.3), expect.closeTo(0.45)])
    expect(depth1).toMatchObject({ paper: 0.386, trainings: 2, diverged: 0, seconds: { mean: 6 } })
    expect(mine).toMatchObject({
      paper: null,
      trainings: 2,
      diverged: 1,
      clipTop1: { mean: 0.8, deviation: null },
    })
  })

  test('tables', () => {
    expect(summaryTable(result)).toEqual([
      [
        'network',
        'parameters',
        'GMAC',
        'parameters against depth-3',
        'clips',
        'videos',
        'a/b',
        'seconds',
        'paper',
      ],
      ['depth-1', '1,000', '2.000', '+0.00%', '45.0% ±7.1', '22.5% ±3.5', '83.3% ±0.0', '6.0', '38.6%'],
      ['<mine> (1 of 2 diverged)', '1,001', '2.000', '+0.10%', '80.0%', '40.0%', '83.3%', '6.0', '–'],
    ])
    expect(curveTable(result)).toEqual([
      ['network', '1', '2'],
      ['depth-1', '30.0%', '45.0%'],
      ['<mine>', '70.0%', '80.0%'],
    ])
    expect(
      markdownTable([
        ['a', 'b'],
        ['x|y', '1'],
      ]),
    ).toBe('| a | b |\n| --- | ---: |\n| x\\|y | 1 |\n')
    expect(tableNotes(result)[0]).toMatch(/^GMAC: /)
    expect(tableNotes({ ...result, seeds: 3 })[0]).toBe('Not complete: 4 of 6 trainings.')
    const csv = outcomesCsv(result).trim().split('\n')
    expect(csv).toHaveLength(1 + 2 + 2 + 2 + 1)
    expect(csv[1]).toBe('depth-1,1000,2000000000,1,finished,1,2,0.2,1,0.2,0.1,3')
  })

  test('charts: the paper’s two and one of other networks', () => {
    const charts = studyCharts(result)
    expect([...charts.keys()]).toEqual(['homogeneous', 'others'])
    expect(charts.get('homogeneous')).toContain('depth-1: 45.0% ±7.1')
    expect(charts.get('homogeneous')).toContain('paper: 38.6%')
    expect(charts.get('others')).toContain('&lt;mine&gt;')
    expect(charts.get('others')).not.toContain('paper')
    const varying = resultOf(
      [outcome('depth-3', 1, 0.5), outcome('increasing', 1, 0.5)],
      ['depth-3', 'increasing'],
    )
    expect([...studyCharts(varying).keys()]).toEqual(['homogeneous', 'varying'])
    // depth-3 alone would be in both.
    const alone = resultOf([outcome('depth-3', 1, 0.5)], ['depth-3'])
    expect([...studyCharts(alone).keys()]).toEqual(['homogeneous'])
  })
})

describe('line chart', () => {
  test.each([
    [0, 100, 6, 0, [0, 20, 40, 60, 80, 100]],
    [1, 16, 8, 1, [0, 2, 4, 6, 8, 10, 12, 14, 16]],
    [0.31, 0.46, 5, 0, [0.3, 0.35, 0.4, 0.45, 0.5]],
    [5, 5, 6, 0, [5, 6]],
    [1, 2, 8, 1, [1, 2]],
  ])('ticks from %d to %d', (least, most, count, smallest, expected) => {
    expect(ticks(least, most, count, smallest)).toEqual(expected)
  })

  test('points are where their values are', () => {
    const svg = lineChartSvg({
      title: 'a & b',
      xLabel: 'x',
      yLabel: 'y',
      notes: [],
      series: [
        {
          label: 'line',
          points: [
            { x: 0, y: 0, spread: 10 },
            { x: 5, y: 50, spread: 10 },
            { x: 10, y: 100 },
          ],
        },
      ],
    })
    expect(svg).toContain('a &amp; b')
    // The y axis goes from -20 to 100, over 260 pixels from 296 up to 36; the x axis from 0 to 10, over 400 from 56.
    const circles = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)" r="3"><title>/g)]
    expect(circles.map(([, x, y]) => [Number(x), Number(y)])).toEqual([
      [56, expect.closeTo(296 - (20 / 120) * 260, 1)],
      [256, expect.closeTo(296 - (70 / 120) * 260, 1)],
      [456, 36],
    ])
    expect(svg.match(/fill-opacity/g)).toHaveLength(1)
  })
})
