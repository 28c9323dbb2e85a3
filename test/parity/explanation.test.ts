import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { type ArchitectureInput, type BackwardRule, C3D } from '../../lib'
import { makeFrameFolders, randomNumbers } from '../support/frame-folders'
import { describeWithPyTorch } from '../support/python'
import { temporaryFolder } from '../support/temporary'
import { askPyTorch, readTensors, relativeError } from './pytorch'

const TOLERANCE = 1e-4
const CLASSES = ['a', 'b', 'c', 'd']
const MEAN: [number, number, number] = [90, 100, 110]
const SCALE = 1 / 64

interface Network {
  architecture: ArchitectureInput
  gradCam: { layer: string; class: string }[]
  deconvolution: { layer: string; filter: number; rule: BackwardRule }[]
}

const networks: Record<string, Network> = {
  'batch norm': {
    architecture: {
      name: 'depth-3',
      input: { frames: 16, height: 32, width: 32 },
      widthMultiplier: 1 / 16,
      batchNorm: true,
    },
    gradCam: [
      { layer: 'conv5a', class: 'a' },
      { layer: 'conv5a', class: 'b' },
      { layer: 'conv5a', class: 'c' },
      { layer: 'conv2a', class: 'd' },
      { layer: 'pool3', class: 'c' },
    ],
    deconvolution: [
      { layer: 'conv1a', filter: 0, rule: 'deconvolution' },
      { layer: 'conv4a', filter: 9, rule: 'deconvolution' },
      { layer: 'conv4a', filter: 9, rule: 'guided' },
    ],
  },
  'pools of every rounding': {
    architecture: {
      input: { frames: 8, height: 24, width: 20 },
      layers: [
        { type: 'conv', name: 'first', filters: 6, kernel: [3, 5, 3] },
        { type: 'pool', name: 'ceil', kernel: [1, 3, 3], rounding: 'ceil' },
        { type: 'conv', name: 'second', filters: 8 },
        { type: 'conv', name: 'third', filters: 8, kernel: [5, 3, 3] },
        { type: 'pool', name: 'pad', kernel: [3, 2, 2], rounding: 'pad' },
        { type: 'conv', name: 'fourth', filters: 7 },
        { type: 'pool', name: 'floor', kernel: [2, 2, 2], rounding: 'floor' },
        { type: 'linear', name: 'hidden', units: 9 },
      ],
      classifier: 'out',
    },
    gradCam: [
      { layer: 'first', class: 'a' },
      { layer: 'ceil', class: 'b' },
      { layer: 'fourth', class: 'c' },
      { layer: 'floor', class: 'd' },
    ],
    deconvolution: [
      { layer: 'third', filter: 2, rule: 'deconvolution' },
      { layer: 'floor', filter: 4, rule: 'deconvolution' },
      { layer: 'floor', filter: 4, rule: 'guided' },
      { layer: 'hidden', filter: 3, rule: 'deconvolution' },
      { layer: 'out', filter: 1, rule: 'guided' },
    ],
  },
}

/** A network in BGR whose batch norms do something, a video that is one clip of its size, and that clip as it gets it. */
async function prepare(folder: string, architecture: ArchitectureInput) {
  const random = randomNumbers(5)
  const options = {
    architecture,
    classes: CLASSES,
    preset: 'paper-section-3',
    initializer: 'kaiming',
    device: 'cpu',
    seed: 4,
  } as const
  const { frames, height, width } = (await C3D.create(options)).architecture.input
  const preprocessing = {
    resize: { width, height },
    channelOrder: 'bgr',
    mean: MEAN,
    scale: SCALE,
  } as const
  const model = await C3D.create({ ...options, preprocessing })
  mkdirSync(folder)
  for (const { name, shape } of model.tensors())
    if (name.includes('_bn.')) {
      const value = () => (name.endsWith('_var') ? 0.5 + random() : 2 * random() - 1)
      model.writeTensor(name, Float32Array.from({ length: shape[0] ?? 0 }, value))
    }
  const weights = path.join(folder, 'weights.safetensors')
  await model.save(weights)
  const size = { frames, width, height }
  const { pixels } = makeFrameFolders(path.join(folder, 'data'), { classes: 1, videos: 1, ...size })
  const places = frames * height * width
  const input = Float32Array.from({ length: 3 * places }, (_, i) => {
    const channel = Math.floor(i / places)
    return ((pixels[0]?.[3 * (i % places) + 2 - channel] ?? 0) - (MEAN[channel] ?? 0)) * SCALE
  })
  const shape = [1, 3, frames, height, width]
  const common = { architecture: model.architecture, weights, input, shape }
  return { model, video: path.join(folder, 'data', 'a', '0'), pixels: pixels[0], common }
}

/** [3, places] in BGR as [places, 3] in RGB. */
function asRgb(values: Float32Array): Float32Array {
  const places = values.length / 3
  return Float32Array.from(values, (_, i) => values[(2 - (i % 3)) * places + Math.floor(i / 3)] as number)
}

describeWithPyTorch('Grad-CAM and deconvolution equal PyTorch', () => {
  const folder = temporaryFolder()
  let computed: Awaited<ReturnType<typeof compute>>[]

  /** All of a network, and what PyTorch is asked about it. */
  async function compute(name: string, { architecture, gradCam, deconvolution }: Network) {
    const { model, video, pixels, common } = await prepare(path.join(folder, name), architecture)
    const cams = await Promise.all(gradCam.map((options) => model.gradCam(video, options)))
    const deconvolutions = await Promise.all(deconvolution.map((options) => model.deconvolve(video, options)))
    model.close()
    const camRequests = gradCam.map(({ layer, class: label }) => ({
      ...{ ...common, task: 'grad-cam' as const, layer },
      labels: [CLASSES.indexOf(label)],
    }))
    const deconvolutionRequests = deconvolution.map((options) => ({
      ...{ ...common, task: 'deconvolution' as const, labels: [0] },
      ...options,
    }))
    return { name, pixels, cams, deconvolutions, camRequests, deconvolutionRequests }
  }

  beforeAll(async () => {
    computed = []
    for (const [name, network] of Object.entries(networks)) computed.push(await compute(name, network))
  })

  type Answer = Map<string, Float32Array>
  let answers: Map<string, { cams: Answer[]; deconvolutions: Answer[] }>
  beforeAll(async () => {
    const requests = computed.flatMap(({ camRequests, deconvolutionRequests }) => [
      ...camRequests,
      ...deconvolutionRequests,
    ])
    const all = await Promise.all(askPyTorch(folder, requests).map(readTensors))
    answers = new Map(
      computed.map(({ name, camRequests, deconvolutionRequests }) => [
        name,
        {
          cams: all.splice(0, camRequests.length),
          deconvolutions: all.splice(0, deconvolutionRequests.length),
        },
      ]),
    )
  })

  const of = (name: string) => {
    const found = computed.find((network) => network.name === name)
    const expected = answers.get(name)
    if (!found || !expected) throw new Error(`nothing was computed for ${name}`)
    return { ...found, expected }
  }

  test.each(Object.keys(networks))('Grad-CAM, %s', (name) => {
    const { cams, expected, pixels } = of(name)
    expect(cams.filter(({ map }) => map.data.some((value) => value > 0)).length).toBeGreaterThan(1)
    cams.forEach(({ layer, label, probability, map, heat, clip }, i) => {
      expect({ layer, class: label }).toEqual(networks[name]?.gradCam[i])
      const answer = (key: string) => expected.cams[i]?.get(key) ?? []
      const exponentials = Array.from(answer('logits'), Math.exp)
      const sum = exponentials.reduce((a, b) => a + b)
      expect(probability).toBeCloseTo((exponentials[CLASSES.indexOf(label)] ?? 0) / sum, 5)
      expect(relativeError(map.data, answer('map'))).toBeLessThan(TOLERANCE)
      expect(relativeError(heat.data, answer('heat'))).toBeLessThan(TOLERANCE)
      expect(map.data).toHaveLength(map.shape.reduce((a, b) => a * b))
      expect(clip.data).toEqual(pixels)
    })
  })

  test.each(Object.keys(networks))('deconvolution, %s', (name) => {
    const { deconvolutions, expected } = of(name)
    deconvolutions.forEach(({ activation, place, projection }, i) => {
      const answer = (key: string) => expected.deconvolutions[i]?.get(key) ?? new Float32Array()
      expect(activation).not.toBe(0)
      expect(relativeError([activation], answer('activation'))).toBeLessThan(TOLERANCE)
      expect([place.frame, place.row, place.column]).toEqual([...answer('place')])
      expect(relativeError(projection.data, asRgb(answer('projection')))).toBeLessThan(TOLERANCE)
    })
    // The two rules of the same filter differ, so that neither passes for the other.
    expect(deconvolutions[1]).toMatchObject({ rule: 'deconvolution', layer: deconvolutions[2]?.layer })
    expect(deconvolutions[2]?.rule).toBe('guided')
    expect(deconvolutions[2]?.projection.data).not.toEqual(deconvolutions[1]?.projection.data)
  })
})
