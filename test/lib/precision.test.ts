import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { C3D, runtime } from '../../lib'
import { automaticPrecision, nativeLossScale } from '../../lib/config/precision'
import { modelState } from '../../lib/model'
import type { NativeConvolutionShape } from '../../lib/native/binding'
import { choosePrecision } from '../../lib/precision/choose'
import { type FakeBinding, fakeBinding, fakeModel, task } from './fake-binding'

let binding: FakeBinding
jest.mock('../../lib/native/addon', () => ({ addon: () => binding }))

const cacheBefore = process.env.TORCH_C3D_CACHE
beforeEach(async () => {
  process.env.TORCH_C3D_CACHE = await mkdtemp(path.join(tmpdir(), 'c3d-'))
  binding = fakeBinding({
    deviceTraits: (name) => ({ name, processor: 'CPU', bfloat16: true }),
    // What the real one tells of `network`, below.
    describeArchitecture: () => ({
      layers: [
        { name: 'one', type: 'conv', output: [4, 8, 16, 16], parameters: 0, macs: 0 },
        { name: 'pool', type: 'pool', output: [4, 4, 8, 8], parameters: 0, macs: 0 },
        { name: 'two', type: 'conv', output: [4, 4, 8, 8], parameters: 0, macs: 0 },
        { name: 'three', type: 'conv', output: [4, 4, 8, 8], parameters: 0, macs: 0 },
        { name: 'out', type: 'linear', output: [2], parameters: 0, macs: 0 },
      ],
      parameters: 0,
      macs: 0,
      activationBytes: 0,
    }),
  })
})
afterEach(async () => {
  await rm(process.env.TORCH_C3D_CACHE ?? '', { recursive: true })
  process.env.TORCH_C3D_CACHE = cacheBefore
})

const network = {
  input: { frames: 8, height: 16, width: 16 },
  layers: [
    { type: 'conv', name: 'one', filters: 4, kernel: [3, 3, 3] },
    { type: 'pool', name: 'pool', kernel: [2, 2, 2] },
    { type: 'conv', name: 'two', filters: 4, kernel: [5, 3, 3] },
    { type: 'conv', name: 'three', filters: 4, kernel: [5, 3, 3] },
  ],
  classifier: 'out',
} satisfies Parameters<typeof C3D.create>[0]['architecture']

const create = () => C3D.create({ architecture: network, classes: ['a', 'b'], device: 'cpu' })

/** Checks that find convolutions of five frames' depth wrong, and tell the test which they were asked for. */
function brokenDeepKernels(): NativeConvolutionShape[] {
  const asked: NativeConvolutionShape[] = []
  binding.checkConvolutions = ({ convolutions }) => {
    asked.push(...convolutions)
    return task(() =>
      convolutions.map(({ kernel }) => ({
        output: 0.003,
        inputGradient: 0.003,
        weightGradient: kernel[0] === 5 ? Number.POSITIVE_INFINITY : 0.003,
      })),
    )
  }
  return asked
}

test('auto is bfloat16 where the hardware has it, float16 on other CUDA devices, else float32', () => {
  const chosen = (name: string, bfloat16: boolean) => automaticPrecision({ name, bfloat16 }).precision
  expect(chosen('cpu', true)).toBe('bfloat16')
  expect(chosen('cpu', false)).toBe('float32')
  expect(chosen('cuda:0', true)).toBe('bfloat16')
  expect(chosen('cuda:1', false)).toBe('float16')
})

test('losses are scaled for float16, and where it is asked for', () => {
  const gradScaler = { initial: 65536, growthFactor: 2, backoffFactor: 0.5, growthInterval: 2000 }
  expect(nativeLossScale('auto', 'float16')).toMatchObject(gradScaler)
  expect(nativeLossScale('auto', 'bfloat16')).toBeNull()
  expect(nativeLossScale('none', 'float16')).toBeNull()
  expect(nativeLossScale({ ...gradScaler, initial: 8 }, 'float32')).toMatchObject({ initial: 8 })
})

test('every shape is checked once, and a precision that was asked for leaves wrong ones in float32', async () => {
  const asked = brokenDeepKernels()
  const model = modelState(await create())
  const failed = [
    { layer: 'two', problem: 'weight gradient not finite' },
    { layer: 'three', problem: 'weight gradient not finite' },
  ]
  expect(await choosePrecision(model, 'bfloat16', 'here')).toEqual({
    precision: 'bfloat16',
    reason: null,
    failed,
  })
  const [one, two] = [
    { channels: 3, filters: 4, kernel: [3, 3, 3], input: [8, 16, 16] },
    { channels: 4, filters: 4, kernel: [5, 3, 3], input: [4, 8, 8] },
  ]
  expect(asked).toEqual([one, two])
  expect(await choosePrecision(model, 'bfloat16', 'here')).toMatchObject({ failed })
  expect(asked).toHaveLength(2)
  expect(runtime.info().precision).toEqual({
    auto: 'bfloat16',
    reason: expect.stringContaining('auto computes'),
    failed: ['bfloat16 4x4x8x8 -> 4, kernel 5x3x3, on cpu: weight gradient not finite'],
  })

  // Another LibTorch may be right, or wrong elsewhere.
  const info = binding.runtimeInfo()
  binding.runtimeInfo = () => ({ ...info, libtorch: '2.14.0' })
  await choosePrecision(model, 'bfloat16', 'here')
  expect(asked).toHaveLength(4)
})

test('auto computes in float32 where any convolution is wrong, and says why', async () => {
  const model = modelState(await create())
  expect(await choosePrecision(model, 'auto', 'here')).toEqual({
    precision: 'bfloat16',
    reason: expect.stringContaining('bfloat16 instructions'),
    failed: [],
  })
  await rm(process.env.TORCH_C3D_CACHE ?? '', { recursive: true })
  brokenDeepKernels()
  expect(await choosePrecision(model, 'auto', 'here')).toEqual({
    precision: 'float32',
    reason:
      'bfloat16 is wrong in convolutions here (two: weight gradient not finite; three: weight gradient not finite)',
    failed: [],
  })
  expect(await choosePrecision(model, 'float32', 'here')).toMatchObject({
    precision: 'float32',
    reason: null,
  })
})

test('float16 is for CUDA devices', async () => {
  const { config } = modelState(await create())
  const native = { ...fakeModel(), device: 'cuda:0' }
  expect(await choosePrecision({ native, config }, 'float16', 'here')).toMatchObject({ precision: 'float16' })
  const onCpu = choosePrecision({ native: fakeModel(), config }, 'float16', 'here')
  await expect(onCpu).rejects.toThrow("at here: 'float16' is for CUDA devices")
})
