import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import {
  architectures,
  C3D,
  type MotionName,
  type StudyEvent,
  type StudyOptions,
  type StudyResult,
  study,
  VideoDataset,
} from '../../lib'
import { runCommandLine } from '../../lib/cli/program'
import { reverseMotions } from '../../lib/config/motion'
import { studySchema } from '../../lib/config/study'
import { loadSvgRenderer } from '../../lib/files/svg-to-png'
import { drawPath } from '../../lib/motion/motions'
import { Random } from '../../lib/random'
import { studyNets } from '../../lib/study/nets'
import { makeFrameFolders, randomNumbers } from '../support/frame-folders'
import { settings } from '../support/small-study.cjs'
import { temporaryFolder } from '../support/temporary'

const folder = temporaryFolder()
const { folder: videos } = makeFrameFolders(path.join(folder, 'data'), {
  classes: 2,
  videos: 4,
  frames: 8,
  width: 28,
  height: 21,
})
let data: VideoDataset
beforeAll(async () => {
  data = await VideoDataset.open(videos, { cache: false })
})
afterAll(() => data.close())

const small = { ...settings, training: { ...settings.training, epochs: 1 } }

async function run(options: Partial<StudyOptions> & { out: string }) {
  const events: StudyEvent[] = []
  for await (const event of study(data, { ...small, ...options })) events.push(event)
  const done = events.at(-1)
  if (done?.type !== 'done') throw new Error('no done event')
  const trainings = events.flatMap((event) =>
    event.type === 'training' ? [`${event.net} ${event.seed} ${event.state}`] : [],
  )
  return { events, trainings, result: done as StudyResult }
}

const readJson = (...parts: string[]) => JSON.parse(readFileSync(path.join(...parts), 'utf8'))

describe('a study', () => {
  const out = path.join(folder, 'study')

  test('trains all networks with all seeds, by one recipe on one split, and writes what came out', async () => {
    const { events, trainings, result } = await run({ out })
    expect(trainings).toEqual(['depth-1 1 new', 'depth-3 1 new', 'depth-1 2 new', 'depth-3 2 new'])
    expect(events.filter(({ type }) => type === 'epoch')).toHaveLength(4)
    expect(events.filter(({ type }) => type === 'step').length).toBeGreaterThan(4)
    for (const event of events)
      if (event.type === 'epoch')
        expect(event).toMatchObject({ net: expect.any(String), seed: expect.any(Number) })

    const configs = ['depth-1-1', 'depth-3-1', 'depth-1-2'].map((name) =>
      readJson(out, 'trainings', name, 'config.json'),
    )
    expect(configs.map(({ training }) => training.seed)).toEqual([1, 1, 2])
    expect(configs.map(({ model }) => model.seed)).toEqual([1, 1, 2])
    expect(configs[1].training).toEqual(configs[0].training)
    expect(configs[1].data).toEqual(configs[0].data)

    expect(result.reason).toBe('finished')
    for (const net of result.nets) {
      expect(net.parameters).toBe(architectures.describe(net.architecture, 2).parameters)
      expect(net.clipTop1?.count).toBe(2)
      expect(net.pairs[0]?.classes).toEqual(['a', 'b'])
      const own = result.outcomes.filter((outcome) => outcome.net === net.name)
      for (const { epochs, confusion } of own) {
        expect(epochs).toHaveLength(1)
        // Both count the same answers: those of training's own evaluation, and the matrix of the model at the end.
        const right = (confusion?.[0]?.[0] ?? 0) + (confusion?.[1]?.[1] ?? 0)
        expect(right / 2).toBeCloseTo(epochs[0]?.validation?.videoTop1 ?? -1)
      }
    }
    const { type: _, ...written } = { type: '', ...readJson(out, 'results.json') }
    expect(written).toEqual(JSON.parse(JSON.stringify({ ...result, type: undefined })))
    const hasRenderer = await loadSvgRenderer().then(
      () => true,
      () => false,
    )
    expect(readdirSync(out).sort()).toEqual([
      ...(hasRenderer ? ['homogeneous.png'] : []),
      'homogeneous.svg',
      'results.csv',
      'results.json',
      'results.md',
      'study.json',
      'trainings',
    ])
    expect(readFileSync(path.join(out, 'results.md'), 'utf8')).toContain('| depth-1 |')
  })

  test('is not done again; more seeds and networks are', async () => {
    const before = readJson(out, 'trainings', 'depth-3-1', 'outcome.json')
    const { trainings, result } = await run({ out, nets: ['depth-3', 'increasing'], seeds: 2 })
    expect(trainings).toEqual([
      'depth-3 1 done-before',
      'increasing 1 new',
      'depth-3 2 done-before',
      'increasing 2 new',
    ])
    expect(result.outcomes[0]).toEqual(before)
    expect(existsSync(path.join(out, 'varying.svg'))).toBe(true)
  })

  test.each([
    [{ training: { ...small.training, batchSize: 3 } }, 'its training.batchSize is 2, this is 3'],
    [{ network: { ...small.network, dropout: 0 } }, "its network 'depth-1' has other layers"],
    [{ validation: 0.5 }, 'its digest of the training videos is'],
  ])('another one is not written into its folder: %j', async (change, message) => {
    await expect(run({ ...change, out })).rejects.toMatchObject({
      code: 'C3D_INVALID_CONFIG',
      message: expect.stringContaining(message),
    })
  })

  test('unless it may be lost', async () => {
    const change = { training: { ...small.training, batchSize: 3 }, nets: ['depth-1'] as const, seeds: 1 }
    const { trainings } = await run({ ...change, nets: [...change.nets], out, overwrite: true })
    expect(trainings).toEqual(['depth-1 1 new'])
    expect(readdirSync(path.join(out, 'trainings'))).toEqual(['depth-1-1'])
  })
})

test('c3d study does the same, with a table at the end, and goes on by the same command', async () => {
  const out = path.join(folder, 'command')
  const net = path.join(folder, 'mine.json')
  writeFileSync(
    net,
    JSON.stringify({
      name: 'mine',
      input: { frames: 8, height: 16, width: 16 },
      layers: [
        { type: 'conv', name: 'conv', filters: 4 },
        { type: 'pool', name: 'pool', kernel: [8, 16, 16] },
        { type: 'linear', name: 'hidden', units: 4 },
      ],
    }),
  )
  const command = async (...more: string[]) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const sizes = '--frames 8 --input-size 16 --width-multiplier 0.0625'.split(' ')
    const recipe = '--epochs 1 --batch-size 4 --seeds 1 --match parameters --pairs b:a --device cpu'.split(
      ' ',
    )
    const args = ['study', videos, '--nets', `depth-1,${net}`, ...sizes, ...recipe, '--out', out, ...more]
    const status = await runCommandLine(args, { stdout, stderr })
    return { status, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') }
  }
  const first = await command()
  expect(first.stderr).toContain('2/2 mine, seed 1\n')
  expect(first.status).toBe(0)
  const lines = first.stdout.trim().split('\n')
  expect(lines[0]).toMatch(
    /^network +parameters +GMAC +parameters against depth-3 +clips +videos +b\/a +seconds +paper$/,
  )
  expect(lines[1]).toMatch(/^depth-1 +[\d,]+ .* 38\.6%$/)
  expect(lines[2]).toMatch(/^mine +[\d,]+ .* –$/)
  expect(lines[3]).toBe(`results: ${path.join(out, 'results.md')}`)

  const again = await command('--json')
  expect(again.stderr).toContain('2/2 mine, seed 1, done before')
  const events = again.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(events.at(-1)).toMatchObject({
    type: 'done',
    nets: [{ name: 'depth-1' }, { name: 'mine', paper: null }],
  })
})

test('mistakes are told at once, before anything is written', () => {
  const out = path.join(folder, 'never')
  const attempt = (options: object) => () => study(data, { ...small, ...options, out } as StudyOptions)
  expect(attempt({ pairs: [['a', 'c']] })).toThrow('at study.pairs[0]: expected two of the classes a, b')
  expect(attempt({ training: { epochs: 0 } })).toThrow('at study.training.epochs')
  expect(attempt({ training: { seed: 3 } })).toThrow("unknown setting 'seed'")
  expect(attempt({ nets: [] })).toThrow('expected at least one network')
  expect(attempt({ validation: 2 })).toThrow('expected a number of more than 0 and less than 1')
  expect(existsSync(out)).toBe(false)
})

test('left in the middle, it says what there is; a training that diverges is an outcome', async () => {
  const out = path.join(folder, 'left')
  const wild = { ...small, training: { ...small.training, optimizer: { learningRate: 1e30 } } }
  const left = study(data, { ...wild, out })
  for await (const event of left) if (event.type === 'outcome') break
  const result = await left.done
  expect(result).toMatchObject({
    reason: 'stopped',
    outcomes: [{ net: 'depth-1', reason: 'diverged', confusion: null }],
  })
  expect(result.nets[0]).toMatchObject({ trainings: 1, diverged: 1, clipTop1: null })
  expect(readJson(out, 'results.json').outcomes).toHaveLength(1)

  const controller = new AbortController()
  const aborted = study(data, { ...wild, out }, { signal: controller.signal })
  controller.abort()
  await expect(aborted.done).rejects.toMatchObject({ code: 'C3D_ABORTED' })
})

test.each([
  ['parameters', { widthMultiplier: 1 }, 101, 1e-4],
  ['macs', { widthMultiplier: 1 }, 101, 1e-3],
  ['parameters', { widthMultiplier: 0.25, input: { height: 32, width: 32 } }, 6, 1e-3],
  ['macs', { widthMultiplier: 0.25, input: { height: 32, width: 32 } }, 6, 1e-2],
] as const)('networks of the %s of depth-3: %j', async (match, network, classes, tolerance) => {
  const { nets, target } = await studyNets(studySchema.parse({ match, network, out: 'x' }), classes)
  const reference = architectures.describe({ name: 'depth-3', ...network }, classes, { preset: 'modern' })
  expect(target).toEqual({ match, net: 'depth-3', target: reference[match] })
  expect(nets).toHaveLength(6)
  for (const net of nets) {
    const described = architectures.describe(net.architecture, classes)
    expect(net[match]).toBe(described[match])
    expect(Math.abs(net[match] / reference[match] - 1)).toBeLessThan(tolerance)
  }
  // Kernels are what differs: depth-7 is narrower for its longer ones.
  const filters = nets.map(({ architecture }) =>
    architecture.layers.flatMap((layer) => (layer.type === 'conv' ? [layer.filters] : [])),
  )
  expect(filters[1]).toEqual(
    reference.layers.filter(({ name }) => /^conv\d+a$/.test(name)).map(({ output }) => output[0]),
  )
  expect(filters[3]?.[4]).toBeLessThan(filters[1]?.[4] ?? 0)
  expect(filters[0]?.[4]).toBeGreaterThan(filters[1]?.[4] ?? 0)
})

test('full-resolution input and 5x5 kernels, which the paper tried, are settings', () => {
  const options = { input: { height: 240, width: 320 }, spatialKernel: 5 }
  const { layers } = architectures.describe({ name: 'depth-3', ...options }, 101)
  expect(layers.find(({ name }) => name === 'conv1a')).toMatchObject({
    output: [64, 16, 240, 320],
    parameters: 3 * 64 * 75 + 64,
  })
  expect(layers.find(({ name }) => name === 'pool5')?.output).toEqual([256, 1, 8, 10])
})

describe('trains and measures what the paper tried beside, and what it did not', () => {
  const whole = { input: { frames: 8, height: 21, width: 28 }, widthMultiplier: 1 / 16 }

  test.each<[string, Partial<StudyOptions>]>([
    ['5x5 kernels', { network: { ...small.network, spatialKernel: 5 } }],
    [
      'frames that are not scaled down',
      { network: whole, preprocessing: { resize: { width: 28, height: 21 } } },
    ],
    ['as many parameters', { match: 'parameters' }],
    ['as many multiply-accumulates', { match: 'macs' }],
  ])('%s', async (name, options) => {
    const out = path.join(folder, name)
    const { result } = await run({ ...options, seeds: 1, out })
    expect(result.reason).toBe('finished')
    expect(result.outcomes.map(({ net, reason }) => [net, reason])).toEqual([
      ['depth-1', 'finished'],
      ['depth-3', 'finished'],
    ])
    const sizes: number[] = []
    for (const { net, epochs } of result.outcomes) {
      expect(epochs[0]?.loss).toBeGreaterThan(0)
      expect(Number.isFinite(epochs[0]?.validation?.loss)).toBe(true)
      // What was trained is what was asked for, and answers.
      using model = await C3D.load(path.join(out, 'trainings', `${net}-1`, 'model.safetensors'), {
        device: 'cpu',
      })
      const [first] = model.architecture.layers
      const spatial = name === '5x5 kernels' ? 5 : 3
      expect(first).toMatchObject({ kernel: [net === 'depth-1' ? 1 : 3, spatial, spatial] })
      expect(model.architecture.input).toEqual(options.network?.input ?? small.network?.input)
      expect(
        model
          .tensors()
          .find(({ name }) => name === 'conv1a.weight')
          ?.shape.slice(2),
      ).toEqual(first?.type === 'conv' ? first.kernel : [])
      const { top } = await model.predict(path.join(videos, 'a', '0'))
      expect(top).toHaveLength(2)
      const { parameters, macs } = model.summary()
      if (options.match !== undefined) sizes.push(options.match === 'macs' ? macs : parameters)
      else expect(result.nets.find((one) => one.name === net)).toMatchObject({ parameters, macs })
    }
    // Of so narrow networks a filter is a large part.
    if (options.match !== undefined) expect((sizes[0] ?? 0) / (sizes[1] ?? 1)).toBeCloseTo(1, 1)
  })
})

describe('a motion and its reverse', () => {
  const [frames, height, width] = [16, 32, 32]
  const size = 3 * frames * height * width
  const random = randomNumbers(5)
  const clip = Float32Array.from({ length: size }, () => 2 * random() - 1)
  const reversed = new Float32Array(size)
  const plane = height * width
  for (let channel = 0; channel < 3; channel++)
    for (let frame = 0; frame < frames; frame++) {
      const from = (channel * frames + frame) * plane
      reversed.set(clip.subarray(from, from + plane), (channel * frames + frames - 1 - frame) * plane)
    }

  /** Largest difference between the logits for a clip and for its reverse, in parts of their deviation. */
  async function difference(name: 'depth-1' | 'depth-3' | 'depth-7'): Promise<number> {
    using model = await C3D.create({
      architecture: { name, widthMultiplier: 1 / 8, input: { height, width } },
      classes: ['left', 'right', 'up', 'down'],
      preset: 'modern',
      device: 'cpu',
    })
    const shape = [1, 3, frames, height, width]
    const forwards = await model.forward({ data: clip, shape })
    const backwards = await model.forward({ data: reversed, shape })
    const mean = forwards.reduce((sum, value) => sum + value, 0) / forwards.length
    const deviation = Math.sqrt(
      forwards.reduce((sum, value) => sum + (value - mean) ** 2, 0) / forwards.length,
    )
    return Math.max(...forwards.map((value, i) => Math.abs(value - (backwards[i] ?? 0)))) / deviation
  }

  // Of 16 frames each 2D convolution sees one, and max pooling over 2, 4, 8 and 16 of them forgets their order. So if
  // the answer to a clip is right, that to its reverse is wrong: 50% within the pair, whatever was learned.
  test('are the same to depth-1, a 2D network', async () => {
    expect(await difference('depth-1')).toBeLessThan(1e-5)
  })

  test.each(['depth-3', 'depth-7'] as const)('differ for %s', async (name) => {
    expect(await difference(name)).toBeGreaterThan(1e-2)
  })

  test.each(reverseMotions)('%s backwards is %s', (motion: MotionName, reverse: MotionName) => {
    const size = { width: 86, height: 64 }
    const steps = (name: MotionName) => {
      const at = drawPath(name, size, new Random(3))
      return Array.from({ length: 4 }, (_, frame) => at(frame))
    }
    const backwards = steps(motion).reverse()
    const other = steps(reverse)
    // A path's start is drawn uniformly, so paths compare by their steps; a circle's, by how they turn.
    const moves = (poses: typeof other) =>
      poses.slice(1).map((pose, i) => ({
        x: pose.x - (poses[i]?.x ?? 0),
        y: pose.y - (poses[i]?.y ?? 0),
        size: ((pose.size - (poses[i]?.size ?? 0) + 1.5) % 1) - 0.5,
      }))
    const turns = (poses: typeof other) => {
      const [a, b] = moves(poses)
      return Math.sign(Math.round(1e6 * ((a?.x ?? 0) * (b?.y ?? 0) - (a?.y ?? 0) * (b?.x ?? 0))))
    }
    expect(turns(backwards)).toBe(turns(other))
    if (turns(other) === 0)
      moves(backwards).forEach((move, i) => {
        const expected = moves(other)[i]
        for (const axis of ['x', 'y', 'size'] as const)
          expect(move[axis]).toBeCloseTo(expected?.[axis] ?? Number.NaN)
      })
  })
})
