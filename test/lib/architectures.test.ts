import {
  type Architecture,
  type ArchitectureInput,
  architectureNames,
  buildArchitecture,
  resolveArchitecture,
} from '../../lib/config/architectures'

const plain = { batchNorm: false, dropout: 0.5 }
const resolve = (input: ArchitectureInput) => resolveArchitecture(input, plain)

/** Weights and biases for `classes` classes; pools round up. */
function countParameters({ input, layers }: Architecture, classes: number): number {
  let channels = 3
  let size = [input.frames, input.height, input.width]
  let inputs = 0
  let parameters = 0
  for (const layer of layers) {
    if (layer.type === 'conv') {
      parameters += layer.filters * channels * layer.kernel.reduce((a, b) => a * b) + layer.filters
      channels = layer.filters
    } else if (layer.type === 'pool') {
      size = size.map((length, i) => Math.ceil(length / (layer.kernel[i] ?? 1)))
    } else {
      inputs ||= channels * size.reduce((a, b) => a * b)
      parameters += inputs * layer.units + layer.units
      inputs = layer.units
    }
  }
  return parameters + inputs * classes + classes
}

test.each([
  ['c3d', 78_409_573],
  ['depth-1', 14_344_933],
  ['depth-3', 17_444_965],
  ['depth-5', 20_544_997],
  ['depth-7', 23_645_029],
  ['increasing', 21_573_733],
  ['decreasing', 18_189_157],
] as const)('%s has %d parameters for 101 classes', (name, parameters) => {
  expect(countParameters(resolve(name), 101)).toBe(parameters)
})

test('c3d has the layers of section 3.3', () => {
  const { layers, classifier } = resolve('c3d')
  expect([...layers.map((layer) => layer.name), classifier].join(' ')).toBe(
    'conv1a pool1 conv2a pool2 conv3a conv3b pool3 conv4a conv4b pool4 conv5a conv5b pool5 fc6 fc7 fc8',
  )
  expect(layers[1]).toEqual({ type: 'pool', name: 'pool1', kernel: [1, 2, 2], rounding: 'ceil' })
  expect(layers.at(-1)).toEqual({ type: 'linear', name: 'fc7', units: 4096, inputs: 0, dropout: 0.5 })
})

test.each(architectureNames)('%s as data is what it is by name', (name) => {
  expect(resolve(buildArchitecture(name))).toEqual(resolve(name))
})

test('a resolved network resolves to itself', () => {
  const resolved = resolve({ name: 'depth-5', widthMultiplier: 0.1, batchNorm: true })
  expect(resolveArchitecture(resolved, plain)).toEqual(resolved)
})

test('a small network is one call', () => {
  const { input, layers } = resolve({
    name: 'depth-3',
    input: { height: 56, width: 64 },
    widthMultiplier: 0.25,
    dropout: 0,
    rounding: 'floor',
  })
  expect(input).toEqual({ frames: 16, height: 56, width: 64 })
  expect(layers.flatMap((layer) => (layer.type === 'conv' ? [layer.filters] : []))).toEqual([
    16, 32, 64, 64, 64,
  ])
  expect(layers.at(-1)).toMatchObject({ units: 512, dropout: 0 })
})

test('pools stop halving what has come down to 1', () => {
  const kernels = resolve({ name: 'depth-3', input: { frames: 4, height: 16, width: 16 } }).layers.flatMap(
    (layer) => (layer.type === 'pool' ? [layer.kernel] : []),
  )
  expect(kernels).toEqual([
    [1, 2, 2],
    [2, 2, 2],
    [2, 2, 2],
    [1, 2, 2],
    [1, 1, 1],
  ])
})

test('batch norm is the preset’s where the architecture does not say', () => {
  const layers = [
    { type: 'conv', name: 'first', filters: 8 },
    { type: 'conv', name: 'second', filters: 8, batchNorm: false },
    { type: 'linear', name: 'hidden', units: 8 },
  ] as const
  const resolved = resolveArchitecture({ layers: [...layers] }, { batchNorm: true, dropout: 0.5 })
  expect(resolved.layers).toMatchObject([{ batchNorm: true }, { batchNorm: false }, { dropout: 0.5 }])
  expect(resolved).toMatchObject({ name: 'custom', classifier: 'fc8' })
})

test('filters are given for every convolution or not at all', () => {
  expect(() => buildArchitecture('depth-3', { filters: [8, 8] })).toThrow(
    'expected 5 numbers (conv1a, conv2a, conv3a, conv4a, conv5a), got 2',
  )
  expect(buildArchitecture('depth-3', { filters: [1, 2, 3, 4, 5], units: [6, 7] }).layers).toMatchObject([
    { filters: 1 },
    {},
    { filters: 2 },
    {},
    { filters: 3 },
    {},
    { filters: 4 },
    {},
    { filters: 5 },
    {},
    { units: 6 },
    { units: 7 },
  ])
})
