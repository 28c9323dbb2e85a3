import { type ArchitectureData, C3D } from '../../lib'
import { resolveArchitecture } from '../../lib/config/architectures'
import { describeArchitecture } from '../../lib/model'

const describeData = (data: ArchitectureData) =>
  describeArchitecture(resolveArchitecture(data, { batchNorm: false, dropout: 0.5 }), 5)

const refusal = (data: ArchitectureData): unknown => {
  try {
    describeData(data)
  } catch (error) {
    return error
  }
  return undefined
}

test.each([
  ['c3d', 78_409_573, 38.547e9],
  ['depth-1', 14_344_933, 6.43e9],
  ['depth-3', 17_444_965, 19.26e9],
  ['depth-5', 20_544_997, 32.09e9],
  ['depth-7', 23_645_029, 44.93e9],
  ['increasing', 21_573_733, 24.12e9],
  ['decreasing', 18_189_157, 31.75e9],
] as const)('%s: %d parameters, %d multiply-accumulates', (name, parameters, macs) => {
  const summary = describeArchitecture(resolveArchitecture(name, { batchNorm: false, dropout: 0.5 }), 101)
  expect(summary.parameters).toBe(parameters)
  expect(Math.abs(summary.macs / macs - 1)).toBeLessThan(1e-3)
})

test('c3d comes down to 512 x 1 x 4 x 4 before fc6', () => {
  const { layers } = describeArchitecture(resolveArchitecture('c3d', { batchNorm: false, dropout: 0.5 }), 101)
  expect(layers.find((layer) => layer.name === 'pool4')?.output).toEqual([512, 2, 7, 7])
  expect(layers.find((layer) => layer.name === 'pool5')?.output).toEqual([512, 1, 4, 4])
  expect(layers.at(-1)?.output).toEqual([101])
})

test('a network of its own is made and has its tensors', async () => {
  using model = await C3D.create({
    architecture: {
      input: { frames: 8, height: 32, width: 40 },
      layers: [
        { type: 'conv', name: 'a', filters: 4, kernel: [1, 5, 5] },
        { type: 'pool', name: 'p', kernel: [4, 2, 2] },
        { type: 'linear', name: 'h', units: 6, inputs: 4 * 2 * 16 * 20 },
      ],
      classifier: 'out',
    },
    classes: ['x', 'y'],
    preset: 'paper-section-3',
    device: 'cpu',
  })
  expect(model.tensors().map(({ name, shape }) => `${name} ${shape.join('x')}`)).toEqual([
    'a.weight 4x3x1x5x5',
    'a.bias 4',
    'h.weight 6x2560',
    'h.bias 6',
    'out.weight 2x6',
    'out.bias 2',
  ])
})

describe('networks that cannot work are refused with the layer and the sizes', () => {
  const input = { frames: 4, height: 16, width: 16 }
  const conv = { type: 'conv', name: 'c', filters: 2 } as const

  test('a pool that shrinks a dimension to nothing', () => {
    expect(refusal({ input, layers: [conv, { type: 'pool', name: 'p', kernel: [8, 2, 2] }] })).toMatchObject({
      code: 'C3D_ARCHITECTURE',
      message: expect.stringMatching(/'p'.*frames.*8.*2x4x16x16/s),
    })
  })

  test('a linear layer on a wrong size', () => {
    expect(
      refusal({ input, layers: [conv, { type: 'linear', name: 'f', units: 3, inputs: 99 }] }),
    ).toMatchObject({
      code: 'C3D_ARCHITECTURE',
      message: expect.stringMatching(/'f'.*99.*2048.*2x4x16x16/s),
    })
  })

  test('a convolution behind a linear layer', () => {
    expect(refusal({ input, layers: [{ type: 'linear', name: 'f', units: 3 }, conv] })).toMatchObject({
      code: 'C3D_ARCHITECTURE',
      message: expect.stringContaining("'c'"),
    })
  })

  test('an even kernel', () => {
    expect(refusal({ input, layers: [{ ...conv, kernel: [2, 3, 3] }] })).toMatchObject({
      code: expect.stringMatching(/C3D_(ARCHITECTURE|INVALID_CONFIG)/),
      message: expect.stringMatching(/odd/),
    })
  })

  test('a name that is used twice', () => {
    expect(refusal({ input, layers: [conv, conv] })).toMatchObject({
      message: expect.stringContaining("'c'"),
    })
  })
})
