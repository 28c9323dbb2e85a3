import path from 'node:path'
import { type ArchitectureInput, C3D } from '../../lib'
import { chooseFewInputs, wholeNumbers } from '../support/few-inputs'
import { randomNumbers } from '../support/frame-folders'
import { describeWithPyTorch } from '../support/python'
import { temporaryFolder } from '../support/temporary'
import { askPyTorch, type ReferenceRequest, readTensors, relativeError } from './pytorch'

const TOLERANCE = 1e-4
/** bfloat16's numbers have 8 bits. */
const BFLOAT16_TOLERANCE = 2e-2

const small = { input: { frames: 16, height: 56, width: 56 }, widthMultiplier: 1 / 8 }

const tiny = { input: { frames: 8, height: 16, width: 16 } }

const wholeVectors: Network = {
  architecture: {
    input: { frames: 5, height: 23, width: 18 },
    layers: [
      { type: 'conv', name: 'first', filters: 32 },
      { type: 'conv', name: 'second', filters: 96 },
      { type: 'pool', name: 'down', kernel: [2, 2, 2], rounding: 'floor' },
      { type: 'conv', name: 'third', filters: 64 },
      { type: 'conv', name: 'deep', filters: 32, kernel: [5, 3, 3] },
      { type: 'conv', name: 'flat', filters: 64, kernel: [1, 3, 3] },
      { type: 'linear', name: 'hidden', units: 9 },
    ],
    classifier: 'out',
  },
  clips: 3,
  classes: 3,
  fewInputs: true,
}

const networks: Record<string, Network> = {
  'c3d, whole': { architecture: 'c3d', clips: 1, classes: 101, fewInputs: true },
  'c3d, narrow': { architecture: { name: 'c3d', widthMultiplier: 1 / 8 }, clips: 2, classes: 7 },
  'depth-1': { architecture: { name: 'depth-1', ...small }, clips: 3, classes: 5 },
  'depth-3': { architecture: { name: 'depth-3', ...small }, clips: 3, classes: 5 },
  'depth-5': { architecture: { name: 'depth-5', ...small }, clips: 3, classes: 5 },
  'depth-7': { architecture: { name: 'depth-7', ...small }, clips: 3, classes: 5 },
  increasing: { architecture: { name: 'increasing', ...small }, clips: 3, classes: 5 },
  decreasing: { architecture: { name: 'decreasing', ...small }, clips: 3, classes: 5 },
  'with batch norm': { architecture: { name: 'depth-3', ...small, batchNorm: true }, clips: 3, classes: 5 },
  'multi-label': { architecture: { name: 'depth-3', ...small }, clips: 3, classes: 5, multiLabel: true },
  "pools that round 'pad'": {
    architecture: {
      input: { frames: 8, height: 30, width: 26 },
      layers: [
        { type: 'conv', name: 'first', filters: 5, kernel: [5, 1, 3] },
        { type: 'pool', name: 'down', kernel: [2, 2, 2], rounding: 'pad' },
        { type: 'conv', name: 'second', filters: 4 },
        { type: 'pool', name: 'again', kernel: [4, 3, 3], rounding: 'floor' },
        { type: 'linear', name: 'hidden', units: 9 },
      ],
      classifier: 'out',
    },
    clips: 2,
    classes: 3,
  },
  'whole vectors of channels, tiles beyond the edges': wholeVectors,
}

interface Network {
  architecture: ArchitectureInput
  clips: number
  classes: number
  /**
   * With whole numbers for weights and inputs. Where sums are rounded, some of millions of ReLUs and pooling windows are
   * so close to a tie that two right orders of summing decide them differently; gradients then differ by far more than
   * rounding, PyTorch's own in float32 and float64 by up to 0.3%.
   */
  fewInputs?: boolean
  multiLabel?: boolean
}

/** The same, computed in bfloat16. */
const roundedNetworks: Record<string, Network> = {
  'depth-3': {
    architecture: { name: 'depth-3', widthMultiplier: 1 / 16, ...tiny },
    clips: 2,
    classes: 5,
    fewInputs: true,
  },
  'depth-7 with batch norm': {
    architecture: { name: 'depth-7', widthMultiplier: 1 / 16, batchNorm: true, ...tiny },
    clips: 2,
    classes: 5,
    fewInputs: true,
  },
  'whole vectors of channels': wholeVectors,
}

/** A network on the disk and a random batch for it. */
interface Question {
  batch: { data: Float32Array; shape: number[]; labels: number[] | number[][] }
  request: ReferenceRequest
  weights: string
}

async function prepare(network: Network, weights: string, autocast: boolean): Promise<Question> {
  const { architecture, clips, classes, fewInputs = false, multiLabel = false } = network
  const random = randomNumbers(7)
  using model = await C3D.create({
    architecture,
    classes: Array.from({ length: classes }, (_, i) => `class ${i}`),
    multiLabel,
    preset: 'paper-section-3',
    initializer: 'kaiming',
    device: 'cpu',
    seed: 3,
  })
  const { frames, height, width } = model.architecture.input
  const shape = [clips, 3, frames, height, width]
  const length = shape.reduce((a, b) => a * b, 1)
  if (fewInputs) chooseFewInputs(model, random)
  const data = fewInputs
    ? wholeNumbers(length, random)
    : Float32Array.from({ length }, () => 2 * random() - 1)
  const numbers = Array.from({ length: clips }, () => Math.floor(random() * classes))
  // None of the first clip, one of the second, two of the third.
  const lists = numbers.map((number, clip) => [number, (number + 1) % classes].slice(0, clip))
  const rows = lists.map((list) => Array.from({ length: classes }, (_, i) => Number(list.includes(i))))
  await model.save(weights)
  const labels = multiLabel ? rows : numbers
  const { architecture: built } = model
  return {
    batch: { data, shape, labels: multiLabel ? lists : numbers },
    request: { task: 'gradients', architecture: built, weights, input: data, shape, labels, autocast },
    weights,
  }
}

async function expectEqual({ batch, weights }: Question, answer: string, autocast: boolean): Promise<void> {
  const tolerance = autocast ? BFLOAT16_TOLERANCE : TOLERANCE
  const precision = autocast ? 'bfloat16' : 'float32'
  const expected = await readTensors(answer)
  using model = await C3D.load(weights, { device: 'cpu' })
  const logits = await model.forward(batch, { precision })
  const { loss, gradients } = await model.gradients(batch, { precision })
  expect(relativeError(logits, expected.get('logits') ?? [])).toBeLessThan(tolerance)
  expect(relativeError([loss], expected.get('loss') ?? [])).toBeLessThan(tolerance)
  const errors = Object.fromEntries(
    [...expected]
      .filter(([name]) => name.startsWith('gradient.'))
      .map(([name, values]) => {
        const gradient = gradients[name.slice('gradient.'.length)] ?? new Float32Array()
        return [name, relativeError(gradient, values)]
      }),
  )
  expect(Object.keys(errors)).toHaveLength(Object.keys(gradients).length)
  expect(Object.entries(errors).filter(([, error]) => !(error < tolerance))).toEqual([])
}

describeWithPyTorch('logits, loss and every gradient equal PyTorch', () => {
  const folder = temporaryFolder()
  const cases = [networks, roundedNetworks].flatMap((some) =>
    Object.entries(some).map(([name, network]) => {
      const autocast = some === roundedNetworks
      return { name: autocast ? `${name}, with autocast to bfloat16` : name, network, autocast }
    }),
  )
  const questions: Question[] = []
  let answers: string[] = []

  // One Python for all of them.
  beforeAll(async () => {
    for (const [i, { network, autocast }] of cases.entries())
      questions.push(await prepare(network, path.join(folder, `weights-${i}.safetensors`), autocast))
    answers = askPyTorch(
      folder,
      questions.map(({ request }) => request),
    )
  }, 180_000)

  test.each(cases.map(({ name, autocast }, i) => [name, i, autocast] as const))(
    '%s',
    async (_, i, autocast) => expectEqual(questions[i] as Question, answers[i] ?? '', autocast),
  )
})
