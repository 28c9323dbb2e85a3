import { C3D, runtime } from '../../lib'
import { defaultIdleMemory } from '../../lib/config/runtime'

const MB = 2 ** 20

/** Its activations take some megabytes a clip. */
const architecture = {
  name: 'wide',
  input: { frames: 16, height: 48, width: 48 },
  layers: [
    { type: 'conv' as const, name: 'conv1a', filters: 16 },
    { type: 'pool' as const, name: 'pool1', kernel: [16, 48, 48] as [number, number, number] },
  ],
}

const clip = { data: new Float32Array(2 * 3 * 16 * 48 * 48).fill(0.5), shape: [2, 3, 16, 48, 48] }

async function withModel(use: (model: C3D) => Promise<void>): Promise<void> {
  const model = await C3D.create({ architecture, classes: ['a', 'b'], seed: 1 })
  try {
    await use(model)
  } finally {
    model.close()
  }
}

afterEach(() => runtime.configure({ idleMemory: defaultIdleMemory() }))

test('memory of tensors is kept for the next ones, and given back when asked', async () => {
  await withModel(async (model) => {
    runtime.releaseMemory()
    await model.forward(clip)
    const { idle, peak, inUse } = runtime.memory()
    // conv1a's output alone: 2 clips x 16 filters x 16 x 48 x 48 floats, 4.5 MB.
    expect(idle).toBeGreaterThan(4 * MB)
    expect(peak).toBeGreaterThanOrEqual(inUse)

    for (let i = 0; i < 5; ++i) await model.forward(clip)
    expect(runtime.memory().idle).toBeLessThan(1.5 * idle)

    expect(runtime.releaseMemory()).toBeGreaterThanOrEqual(idle)
    expect(runtime.memory().idle).toBe(0)
  })
})

test('no more is kept than was asked for', async () => {
  await withModel(async (model) => {
    runtime.configure({ idleMemory: 0 })
    await model.forward(clip)
    expect(runtime.memory().idle).toBe(0)

    runtime.configure({ idleMemory: 6 * MB })
    for (let i = 0; i < 5; ++i) {
      await model.forward(clip)
      expect(runtime.memory().idle).toBeLessThanOrEqual(6 * MB)
    }
  })
})

test('memory that is used again does not change what is computed', async () => {
  await withModel(async (model) => {
    runtime.configure({ idleMemory: 0 })
    const fresh = await model.forward(clip)
    runtime.configure({ idleMemory: defaultIdleMemory() })
    for (let i = 0; i < 3; ++i) expect(await model.forward(clip)).toEqual(fresh)
  })
})

test('memory is told of a device that is there', () => {
  expect(runtime.memory('cpu')).toEqual(runtime.memory())
  expect(() => runtime.memory('cuda:99')).toThrow(expect.objectContaining({ code: 'C3D_DEVICE' }))
  expect(() => runtime.memory('disk')).toThrow(expect.objectContaining({ code: 'C3D_INVALID_CONFIG' }))
})

test('a closed model gives its memory back', async () => {
  const before = runtime.memory().inUse
  await withModel(async () => undefined)
  expect(runtime.memory().inUse).toBe(before)
})

test('an impossible amount is refused', () => {
  expect(() => runtime.configure({ idleMemory: -1 })).toThrow(/idleMemory/)
})
