import path from 'node:path'
import { type ArchitectureInput, C3D, runtime } from '../../lib'
import { chooseFewInputs, wholeNumbers } from '../support/few-inputs'
import { randomNumbers } from '../support/frame-folders'
import { describeWithPyTorch } from '../support/python'
import { temporaryFolder } from '../support/temporary'
import { askPyTorch, type ReferenceRequest, readTensors, relativeError } from './pytorch'

interface Case {
  architecture: ArchitectureInput
  clips: number
  precision?: 'float32' | 'bfloat16'
  tolerance?: number
  /** PyTorch computes in float64. */
  double?: boolean
  passes?: number
  frozen?: string[]
  /** Of the input's values; left out: from -1 to 1. */
  values?: { mean: number; deviation: number } | 'whole'
}

const conv = (layer: { name: string; filters: number; kernel?: [number, number, number] }) =>
  ({ type: 'conv', batchNorm: true, ...layer }) as const
const linear = { type: 'linear', name: 'hidden', units: 9, dropout: 0 } as const

const cases: Record<string, Case> = {
  "channels that fill no vector, odd sizes, pools that round 'ceil'": {
    architecture: {
      input: { frames: 5, height: 23, width: 18 },
      layers: [
        conv({ name: 'first', filters: 5 }),
        { type: 'pool', name: 'down', kernel: [2, 2, 2], rounding: 'ceil' },
        conv({ name: 'second', filters: 13 }),
        conv({ name: 'third', filters: 7, kernel: [1, 3, 3] }),
        { type: 'pool', name: 'again', kernel: [1, 3, 3], rounding: 'ceil' },
        linear,
      ],
      classifier: 'out',
    },
    clips: 3,
  },
  "pools that round 'pad' and 'floor'": {
    architecture: {
      input: { frames: 7, height: 29, width: 26 },
      layers: [
        conv({ name: 'first', filters: 6, kernel: [5, 1, 3] }),
        { type: 'pool', name: 'down', kernel: [2, 2, 2], rounding: 'pad' },
        conv({ name: 'second', filters: 11 }),
        { type: 'pool', name: 'again', kernel: [2, 3, 4], rounding: 'floor' },
        linear,
      ],
      classifier: 'out',
    },
    clips: 2,
  },
  'more channels than a block has, and a layer that no pool follows': {
    architecture: {
      input: { frames: 4, height: 13, width: 10 },
      layers: [
        conv({ name: 'first', filters: 32 }),
        conv({ name: 'second', filters: 96 }),
        { type: 'pool', name: 'down', kernel: [2, 2, 2], rounding: 'floor' },
        linear,
      ],
      classifier: 'out',
    },
    clips: 2,
    passes: 3,
  },
  'a window of more elements than a byte counts': {
    architecture: {
      input: { frames: 4, height: 16, width: 8 },
      layers: [
        conv({ name: 'first', filters: 5 }),
        { type: 'pool', name: 'down', kernel: [4, 8, 8] },
        linear,
      ],
      classifier: 'out',
    },
    clips: 3,
  },
  'one frame, one clip, a layer of which is frozen': {
    architecture: {
      input: { frames: 1, height: 12, width: 12 },
      layers: [
        conv({ name: 'first', filters: 4 }),
        { type: 'pool', name: 'down', kernel: [1, 2, 2] },
        conv({ name: 'second', filters: 6 }),
        conv({ name: 'third', filters: 6 }),
        linear,
      ],
      classifier: 'out',
    },
    clips: 1,
    frozen: ['second'],
  },
  'deviations that are small beside the mean': {
    architecture: {
      input: { frames: 4, height: 20, width: 20 },
      layers: [
        conv({ name: 'first', filters: 3, kernel: [1, 1, 1] }),
        { type: 'pool', name: 'down', kernel: [2, 4, 4] },
        linear,
      ],
      classifier: 'out',
    },
    clips: 4,
    double: true,
    passes: 2,
    values: { mean: 1000, deviation: 0.05 },
  },
  'the same, and no pool': {
    architecture: {
      input: { frames: 4, height: 20, width: 20 },
      layers: [conv({ name: 'first', filters: 3, kernel: [1, 1, 1] }), linear],
      classifier: 'out',
    },
    clips: 4,
    double: true,
    values: { mean: 1000, deviation: 0.05 },
  },
  'in bfloat16': {
    architecture: {
      input: { frames: 4, height: 12, width: 12 },
      layers: [
        conv({ name: 'conv1a', filters: 12, kernel: [1, 3, 3] }),
        { type: 'pool', name: 'down', kernel: [2, 2, 2] },
      ],
      classifier: 'fc8',
    },
    clips: 4,
    precision: 'bfloat16',
    tolerance: 2e-2,
    values: 'whole',
  },
  'in bfloat16, no pool': {
    architecture: {
      input: { frames: 2, height: 6, width: 6 },
      layers: [conv({ name: 'conv1a', filters: 12, kernel: [1, 3, 3] })],
      classifier: 'fc8',
    },
    clips: 4,
    precision: 'bfloat16',
    tolerance: 2e-2,
    values: 'whole',
  },
}

const CLASSES = 3

/** Scales of both signs and one of 0, where all values of a window are equal. */
function chooseNorms(model: C3D, random: () => number): void {
  for (const { name, shape } of model.tensors()) {
    if (!/_bn\.(weight|bias)$/.test(name)) continue
    const values = Float32Array.from({ length: shape[0] ?? 0 }, () => (random() - 0.4) * 3)
    if (name.endsWith('.weight')) values[1] = 0
    else values[1] = 0.5
    model.writeTensor(name, values)
  }
}

/** Filters of one element each, so that the values behind it are those in front. */
function passThrough(model: C3D): void {
  model.writeTensor('first.weight', Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1))
}

async function create({ architecture, values }: Case): Promise<C3D> {
  const random = randomNumbers(4)
  const model = await C3D.create({
    architecture,
    classes: Array.from({ length: CLASSES }, (_, i) => `class ${i}`),
    initializer: 'kaiming',
    device: 'cpu',
    seed: 2,
  })
  if (values === 'whole') chooseFewInputs(model, random)
  else if (values) passThrough(model)
  chooseNorms(model, random)
  for (const { name, shape } of model.tensors())
    if (name.endsWith('.running_var')) model.writeTensor(name, new Float32Array(shape[0] ?? 0).fill(1))
  return model
}

function batchOf(model: C3D, { clips, values }: Case) {
  const random = randomNumbers(9)
  const { frames, height, width } = model.architecture.input
  const shape = [clips, 3, frames, height, width]
  const length = shape.reduce((a, b) => a * b, 1)
  const { mean, deviation } = values && values !== 'whole' ? values : { mean: 0, deviation: 1 }
  const data =
    values === 'whole'
      ? wholeNumbers(length, random)
      : Float32Array.from({ length }, () => mean + deviation * (2 * random() - 1))
  const labels = Array.from({ length: clips }, (_, i) => i % CLASSES)
  return { data, shape, labels }
}

/** A step at a rate so small that the weights stay what they are. */
async function steps(model: C3D, { passes = 1, frozen = [], precision = 'float32', ...rest }: Case) {
  const { data, shape, labels } = batchOf(model, { passes, ...rest })
  using trainer = model.trainer({
    batchSize: labels.length,
    precision,
    schedule: { type: 'constant' },
    loss: { labelSmoothing: 0 },
    optimizer: {
      learningRate: 1e-12,
      weightDecay: 0,
      maxGradientNorm: null,
      layers: Object.fromEntries(frozen.map((name) => [name, { learningRate: 0 }])),
    },
  })
  let loss = 0
  for (let pass = 0; pass < passes; pass++)
    ({ loss } = await trainer.step({ clips: { data, shape }, labels }))
  return { loss, gradients: await trainer.gradients() }
}

describeWithPyTorch(
  'batch norm with ReLU and pool, in training and by running statistics, equals PyTorch',
  () => {
    const folder = temporaryFolder()
    const names = Object.keys(cases)
    let answers: string[] = []

    // One Python for all of them.
    beforeAll(async () => {
      const requests: ReferenceRequest[] = []
      for (const [i, name] of names.entries()) {
        const asked = cases[name] as Case
        using model = await create(asked)
        const weights = path.join(folder, `weights-${i}.safetensors`)
        await model.save(weights)
        const { data, shape, labels } = batchOf(model, asked)
        const { double = false, passes = 1, frozen = [] } = asked
        requests.push({
          task: 'batch-norm',
          architecture: model.architecture,
          ...{ weights, input: data, shape, labels, double, passes, frozen },
        })
      }
      answers = askPyTorch(folder, requests)
    }, 60_000)

    test.each(names.map((name, i) => [name, i] as const))('%s', async (name, i) => {
      const asked = cases[name] as Case
      const { precision = 'float32', tolerance = 1e-4, frozen = [] } = asked
      const expected = await readTensors(answers[i] ?? '')
      using model = await create(asked)
      const errors = new Map<string, number>()
      const compare = (key: string, actual: ArrayLike<number>) =>
        errors.set(key, relativeError(actual, expected.get(key) ?? []))

      const { loss, gradients } = await steps(model, asked)
      compare('loss', [loss])
      for (const [key, gradient] of Object.entries(gradients)) {
        const layer = key.slice(0, key.lastIndexOf('.'))
        // Of inputs beside whose mean the deviations are small, it is a small difference of large sums.
        if (asked.double && key === 'first.weight') continue
        // The batch's mean takes it off again; what PyTorch has is rounding.
        const vanishes = key.endsWith('.bias') && `${layer}_bn.bias` in gradients
        if (vanishes) expect([key, ...gradient]).toEqual([key, ...gradient.map(() => 0)])
        else compare(`gradient.${key}`, gradient)
      }
      for (const { name: key } of model.tensors())
        if (key.includes('.running_')) compare(`running.${key}`, model.readTensor(key))

      const batch = batchOf(model, asked)
      compare('logits', await model.forward(batch, { precision }))
      const inference = await model.gradients(batch, { precision })
      for (const [key, gradient] of Object.entries(inference.gradients)) compare(`inference.${key}`, gradient)

      expect(Object.keys(gradients).some((key) => frozen.some((layer) => key.startsWith(layer)))).toBe(false)
      expect(errors.size).toBeGreaterThan(10)
      expect([...errors].filter(([, error]) => !(error < tolerance))).toEqual([])
    })
  },
)

describe('whatever the number of threads', () => {
  const { threads } = runtime.info()
  afterAll(() => runtime.configure({ threads }))

  // Pools and none, and more positions than one task has.
  const asked: Case = {
    architecture: {
      input: { frames: 6, height: 36, width: 40 },
      layers: [
        conv({ name: 'first', filters: 32 }),
        conv({ name: 'second', filters: 32 }),
        { type: 'pool', name: 'down', kernel: [2, 2, 2] },
        linear,
      ],
      classifier: 'out',
    },
    clips: 2,
  }

  test('gradients and running statistics are the same, bit for bit', async () => {
    const results: unknown[] = []
    for (const count of [1, 2, 5]) {
      runtime.configure({ threads: count })
      using model = await create(asked)
      const { gradients } = await steps(model, asked)
      const norms = Object.entries(gradients).filter(([key]) => key.includes('_bn.'))
      const running = model.tensors().filter(({ name }) => name.includes('.running_'))
      results.push({ norms, running: running.map(({ name }) => model.readTensor(name)) })
    }
    expect(results[1]).toEqual(results[0])
    expect(results[2]).toEqual(results[0])
  })
})
