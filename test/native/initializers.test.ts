import { C3D } from '../../lib'

type Initializer = NonNullable<Parameters<typeof C3D.create>[0]['initializer']>

/** Mean, deviation and largest magnitude of every weight and bias, and the inputs of a unit. */
async function statistics(initializer: Initializer) {
  using model = await C3D.create({
    architecture: { name: 'c3d', widthMultiplier: 1 / 8, input: { frames: 16, height: 64, width: 64 } },
    classes: Array.from({ length: 50 }, (_, i) => String(i)),
    initializer,
    device: 'cpu',
    seed: 11,
  })
  return model.tensors().map(({ name, shape }) => {
    const values = model.readTensor(name)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
    const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
    const fanIn = shape.slice(1).reduce((product, size) => product * size, 1)
    return { name, values, mean, deviation: Math.sqrt(squares / values.length), most, fanIn }
  })
}

type Statistics = Awaited<ReturnType<typeof statistics>>

const weights = (all: Statistics) => all.filter(({ name }) => name.endsWith('.weight'))
const biases = (all: Statistics) => all.filter(({ name }) => name.endsWith('.bias'))

/** Six standard errors of a deviation and of a mean. */
function expectNormal({ values, mean, deviation }: Statistics[number], wanted: number): void {
  const tolerance = 6 * wanted
  expect(Math.abs(mean)).toBeLessThan(tolerance / Math.sqrt(values.length))
  expect(Math.abs(deviation - wanted)).toBeLessThan(tolerance / Math.sqrt(2 * values.length))
}

test("caffe: the prototxt's fillers", async () => {
  const all = await statistics('caffe')
  for (const tensor of weights(all))
    expectNormal(tensor, ['fc6.weight', 'fc7.weight'].includes(tensor.name) ? 0.005 : 0.01)
  for (const { name, values } of biases(all)) {
    const wanted = ['conv1a.bias', 'fc8.bias'].includes(name) ? 0 : 1
    expect([name, values.every((value) => value === wanted)]).toEqual([name, true])
  }
})

test('pytorch: uniform within 1 / sqrt(fan in), biases as their weights', async () => {
  const all = await statistics('pytorch')
  const bounds = new Map(weights(all).map(({ name, fanIn }) => [name.split('.')[0], 1 / Math.sqrt(fanIn)]))
  for (const { name, values, deviation, most } of all) {
    const bound = bounds.get(name.split('.')[0]) ?? 0
    expect(most).toBeLessThanOrEqual(bound * (1 + 1e-6))
    if (!name.endsWith('.weight')) continue
    expect(most).toBeGreaterThan(0.99 * bound)
    expect(Math.abs(deviation / (bound / Math.sqrt(3)) - 1)).toBeLessThan(6 / Math.sqrt(values.length))
  }
})

test('kaiming: sqrt(2 / fan in), less behind pools, the classifier N(0, 0.01), biases 0', async () => {
  const all = await statistics('kaiming')
  const behindPool = ['conv2a', 'conv3a', 'conv4a', 'conv5a', 'fc6']
  for (const tensor of weights(all)) {
    const layer = tensor.name.split('.')[0] ?? ''
    const plain = Math.sqrt(2 / tensor.fanIn)
    if (behindPool.includes(layer)) expect(tensor.deviation).toBeLessThan(0.8 * plain)
    else expectNormal(tensor, layer === 'fc8' ? 0.01 : plain)
  }
  for (const { values } of biases(all)) expect(values.every((value) => value === 0)).toBe(true)
})
