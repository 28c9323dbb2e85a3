import { readFileSync } from 'node:fs'
import path from 'node:path'
import { C3D, runtime } from '../../lib'
import { describeWithCuda } from '../support/cuda'
import { randomNumbers } from '../support/frame-folders'

const SHAPE = [2, 3, 8, 24, 24]
const data = Float32Array.from({ length: SHAPE.reduce((a, b) => a * b, 1) }, randomNumbers(11))

/** The same weights on every device. */
function create(device: string): Promise<C3D> {
  return C3D.create({
    architecture: {
      name: 'depth-3',
      widthMultiplier: 1 / 8,
      input: { frames: 8, height: 24, width: 24 },
      batchNorm: true,
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

describeWithCuda('on a CUDA device', () => {
  test('logits, loss and gradients are those of the CPU, but for rounding', async () => {
    using cpu = await create('cpu')
    using cuda = await create('cuda')
    expect(cuda.device).toBe('cuda:0')
    expect(
      difference(await cuda.forward({ data, shape: SHAPE }), await cpu.forward({ data, shape: SHAPE })),
    ).toBeLessThan(1e-4)
    const batch = { data, shape: SHAPE, labels: Int32Array.of(2, 0) }
    const expected = await cpu.gradients(batch)
    const { loss, gradients } = await cuda.gradients(batch)
    expect(loss).toBeCloseTo(expected.loss, 4)
    const wrong = Object.entries(expected.gradients).filter(
      ([name, gradient]) => !(difference(gradients[name] ?? [], gradient) < 1e-3),
    )
    expect(wrong.map(([name]) => name)).toEqual([])
  })
})
