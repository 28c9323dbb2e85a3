import { readFileSync } from 'node:fs'
import path from 'node:path'
import { C3D, runtime } from '../../lib'
import { describeWithCuda } from '../support/cuda'
import { makeFrameFolders, randomNumbers } from '../support/frame-folders'
import { temporaryFolder } from '../support/temporary'

const SHAPE = [2, 3, 8, 24, 24]
const data = Float32Array.from({ length: SHAPE.reduce((a, b) => a * b, 1) }, randomNumbers(11))

const folder = temporaryFolder()

/** The same weights on every device. */
function create(
  device: string,
  architecture: { widthMultiplier?: number; batchNorm?: boolean } = {},
): Promise<C3D> {
  return C3D.create({
    architecture: {
      name: 'depth-3',
      widthMultiplier: 1 / 8,
      input: { frames: 8, height: 24, width: 24 },
      dropout: 0, // each device draws its own
      ...architecture,
    },
    classes: ['a', 'b', 'c'],
    initializer: 'pytorch',
    seed: 4,
    device,
  })
}

/** The norm of the difference as a part of the norm of what is expected. */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const differences = Array.from(expected, (value, i) => (actual[i] ?? Number.NaN) - value)
  return Math.hypot(...differences) / Math.hypot(...Array.from(expected))
}

/** Gradients that are nothing but rounding errors, as of a bias before batch norm, have no digits to compare. */
function isNear(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): boolean {
  return Math.hypot(...Array.from(expected)) < 1e-6 || difference(actual, expected) < tolerance
}

test('the build of LibTorch is the one that the set-up found', () => {
  const record = path.resolve(__dirname, '../../build/setup.json')
  const { libtorch } = JSON.parse(readFileSync(record, 'utf8')) as { libtorch: { build: string } }
  // Where the linker dropped LibTorch's CUDA part, a CUDA build would say 'cpu'.
  expect(runtime.info().libtorchBuild).toBe(libtorch.build)
})

test('a CUDA device that is not there is refused, and how many are is said', async () => {
  const count = runtime.info().devices.length - 1
  await expect(create(`cuda:${count}`)).rejects.toMatchObject({
    code: 'C3D_DEVICE',
    message: expect.stringContaining(`sees ${count} CUDA devices`),
  })
})

const NETWORKS = [
  { widthMultiplier: 1 / 8 },
  { widthMultiplier: 1 / 8, batchNorm: true },
  { widthMultiplier: 3 / 64 }, // 3 channels in conv1a, so that kernels take them one by one
]
const LABELS = Int32Array.of(2, 0)

describeWithCuda('on a CUDA device', () => {
  test.each(NETWORKS)(
    'logits, loss and gradients are those of the CPU, but for rounding: %j',
    async (network) => {
      using cpu = await create('cpu', network)
      using cuda = await create('cuda', network)
      expect(cuda.device).toBe('cuda:0')
      expect(
        difference(await cuda.forward({ data, shape: SHAPE }), await cpu.forward({ data, shape: SHAPE })),
      ).toBeLessThan(1e-4)
      const batch = { data, shape: SHAPE, labels: LABELS }
      const expected = await cpu.gradients(batch)
      const { loss, gradients } = await cuda.gradients(batch)
      expect(loss).toBeCloseTo(expected.loss, 4)
      const wrong = Object.entries(expected.gradients).filter(
        ([name, gradient]) => !isNear(gradients[name] ?? [], gradient, 1e-3),
      )
      expect(wrong.map(([name]) => name)).toEqual([])
    },
  )

  test.each(['bfloat16', 'float16'] as const)(
    'logits and gradients in %s are near float32’s',
    async (precision) => {
      using cuda = await create('cuda')
      const exact = await cuda.forward({ data, shape: SHAPE })
      expect(difference(await cuda.forward({ data, shape: SHAPE }, { precision }), exact)).toBeLessThan(2e-2)
      const batch = { data, shape: SHAPE, labels: LABELS }
      const { gradients } = await cuda.gradients(batch, { precision })
      for (const values of Object.values(gradients)) expect(values.every(Number.isFinite)).toBe(true)
      const { gradients: expected } = await cuda.gradients(batch)
      expect(difference(gradients['fc8.weight'] ?? [], expected['fc8.weight'] ?? [])).toBeLessThan(3e-2)
    },
  )

  test.each(['bfloat16', 'float16'] as const)(
    'answers in %s follow every step, though rounded weights are kept between them',
    async (precision) => {
      using cuda = await create('cuda')
      using trainer = cuda.trainer({
        precision: 'float32',
        optimizer: { learningRate: 0.1 },
        schedule: { type: 'constant' },
      })
      const answer = () => cuda.forward({ data, shape: SHAPE }, { precision })
      let before = await answer()
      for (let step = 0; step < 3; ++step) {
        await trainer.step({ clips: { data, shape: SHAPE }, labels: LABELS })
        const after = await answer()
        expect(difference(after, before)).toBeGreaterThan(1e-3)
        expect(difference(await answer(), after)).toBeLessThan(1e-3)
        expect(difference(after, await cuda.forward({ data, shape: SHAPE }))).toBeLessThan(2e-2)
        before = after
      }
    },
  )

  test('Grad-CAM and deconvolution see what they see on the CPU', async () => {
    const size = { classes: 1, videos: 1, frames: 8, width: 32, height: 24 }
    makeFrameFolders(folder, size)
    const video = path.join(folder, 'a', '0')
    const seen = []
    for (const device of ['cpu', 'cuda']) {
      using model = await create(device)
      const cam = await model.gradCam(video, { layer: 'conv2a', class: 'b' })
      const { activation, place, projection } = await model.deconvolve(video, { layer: 'conv2a', filter: 3 })
      seen.push({ heat: cam.heat.data, place, values: [activation, ...projection.data] })
    }
    const [cpu, cuda] = seen
    expect(cpu?.heat.some((value) => value > 0)).toBe(true)
    expect(difference(cuda?.heat ?? [], cpu?.heat ?? [])).toBeLessThan(1e-3)
    expect(cuda?.place).toEqual(cpu?.place)
    expect(difference(cuda?.values ?? [], cpu?.values ?? [])).toBeLessThan(1e-3)
  })

  test('what is deterministic has the same bits every time', async () => {
    runtime.configure({ deterministic: true })
    try {
      using cuda = await create('cuda')
      const batch = { data, shape: SHAPE, labels: LABELS }
      const expected = await cuda.gradients(batch)
      for (let i = 0; i < 5; ++i) expect(await cuda.gradients(batch)).toEqual(expected)
    } finally {
      runtime.configure({ deterministic: false })
    }
  })

  test.each([
    { form: 'pytorch', momentum: 0.9, nesterov: false },
    { form: 'pytorch', momentum: 0.9, nesterov: true },
    { form: 'caffe', momentum: 0.9, nesterov: false },
    { form: 'pytorch', momentum: 0, nesterov: false },
  ] as const)('steps change the weights as on the CPU: %j', async (optimizer) => {
    const weights = []
    for (const device of ['cpu', 'cuda']) {
      using model = await create(device)
      using trainer = model.trainer({
        precision: 'float32',
        optimizer: { ...optimizer, learningRate: 0.01, weightDecay: 0.01 },
        schedule: { type: 'constant' },
        batchSize: 2,
        seed: 1,
        stepsPerEpoch: 3,
      })
      const before = model.tensors().map(({ name }) => model.readTensor(name))
      for (let i = 0; i < 3; ++i) await trainer.step({ clips: { data, shape: SHAPE }, labels: LABELS })
      weights.push({ before, after: model.tensors().map(({ name }) => model.readTensor(name)) })
    }
    const [cpu, cuda] = weights
    const changes = (cpu?.after ?? []).map((after, i) => difference(cuda?.after[i] ?? [], after))
    expect(changes.length).toBeGreaterThan(0)
    expect(Math.max(...changes)).toBeLessThan(1e-3)
    const moved = difference(cpu?.after[0] ?? [], cpu?.before[0] ?? [])
    expect(moved).toBeGreaterThan(1e-5)
  })
})
