import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { C3D, ClipLoader, type TrainingConfig, train, VideoDataset } from '../../lib'
import { makeFrameFolders } from '../support/frame-folders'
import { plainMix } from '../support/mixes'
import { describeWithPyTorch } from '../support/python'
import { temporaryFolder } from '../support/temporary'
import { askPyTorch, type ReferenceRequest, readTensors, relativeError } from './pytorch'

const size = { frames: 16, width: 32, height: 24 }
const crop = { height: 20, width: 24 }
const mean = [90, 100, 110] as const
const scale = 1 / 64

/** The clips as the network must see them: centre crop, channels first, mean off, scaled. */
function networkInput(videos: Uint8Array[]): Float32Array {
  const left = Math.floor((size.width - crop.width) / 2)
  const top = Math.floor((size.height - crop.height) / 2)
  const values: number[] = []
  for (const pixels of videos)
    for (let channel = 0; channel < 3; channel++)
      for (let frame = 0; frame < size.frames; frame++)
        for (let y = 0; y < crop.height; y++)
          for (let x = 0; x < crop.width; x++) {
            const place = ((frame * size.height + top + y) * size.width + left + x) * 3 + channel
            values.push(((pixels[place] as number) - (mean[channel] as number)) * scale)
          }
  return Float32Array.from(values)
}

const plain = {
  form: 'pytorch',
  learningRate: 0.02,
  momentum: 0.9,
  weightDecay: 0.005,
  nesterov: false,
  maxGradientNorm: null,
  biasLearningRate: 1,
  biasWeightDecay: 1,
  normWeightDecay: 1,
  layers: {},
} satisfies TrainingConfig['optimizer']

interface Recipe {
  batchNorm?: boolean
  optimizer?: Partial<TrainingConfig['optimizer']>
  loss?: Partial<TrainingConfig['loss']>
  accumulate?: number
  mix?: Partial<TrainingConfig['mix']>
  /** Trains on videos of one, two and no class. */
  multiLabel?: boolean
}

const plainLoss: TrainingConfig['loss'] = {
  labelSmoothing: 0,
  focalGamma: 0,
  classWeights: 'none',
  positiveWeights: 'none',
}

/** Classes of the six videos of multi-label trainings. */
const severalLabels = [['a'], ['a', 'b'], [], ['b'], ['b'], ['a', 'b']]

const listOrNull = (weights: 'none' | 'balanced' | number[]) => (Array.isArray(weights) ? weights : null)

const multipliers = { biasLearningRate: 2, biasWeightDecay: 0 }
const layers = { conv1a: { learningRate: 0 }, conv2a: { learningRate: 0 }, fc8: { learningRate: 10 } }

const recipes: Record<string, Recipe> = {
  'momentum and weight decay': {},
  'batch norm and Nesterov': {
    batchNorm: true,
    optimizer: { momentum: 0.8, weightDecay: 0.001, nesterov: true, normWeightDecay: 0 },
  },
  'no momentum': { optimizer: { momentum: 0 } },
  'factors for biases': { optimizer: multipliers },
  'layers frozen and hurried': { optimizer: { learningRate: 0.002, layers } },
  'gradient clipping': { optimizer: { maxGradientNorm: 0.5 } },
  'label smoothing': { loss: { labelSmoothing: 0.1 } },
  'label smoothing and class weights': { loss: { labelSmoothing: 0.2, classWeights: [0.5, 3] } },
  'focal loss and class weights': { loss: { focalGamma: 2, classWeights: [0.5, 3] } },
  'accumulation with class weights and clipping': {
    accumulate: 3,
    loss: { classWeights: [0.5, 3] },
    optimizer: { maxGradientNorm: 0.5 },
  },
  MixUp: { mix: { mixup: 0.8 } },
  // Here and below at small rates, so that no two inputs of a pooling window come to be nearly equal, where gradients jump.
  'CutMix in three passes, with class weights and smoothing': {
    accumulate: 3,
    optimizer: { learningRate: 0.005 },
    mix: { cutmix: 1, probability: 0.7 },
    loss: { classWeights: [0.5, 3], labelSmoothing: 0.1 },
  },
  'multi-label': { multiLabel: true },
  'multi-label in three passes, with positive weights': {
    multiLabel: true,
    accumulate: 3,
    optimizer: { learningRate: 0.005 },
    loss: { positiveWeights: [2, 3] },
  },
  'multi-label, with positive weights and smoothing': {
    multiLabel: true,
    optimizer: { learningRate: 0.005 },
    loss: { positiveWeights: [0.5, 3], labelSmoothing: 0.1 },
  },
  'multi-label, focal, with positive weights': {
    multiLabel: true,
    loss: { focalGamma: 2, positiveWeights: [0.5, 3] },
  },
  'multi-label with MixUp and CutMix': { multiLabel: true, mix: { mixup: 0.4, cutmix: 1 } },
  "Caffe's form": { optimizer: { form: 'caffe', ...multipliers } },
  "Caffe's form with Nesterov": { optimizer: { form: 'caffe', nesterov: true, ...multipliers } },
}

/** What one recipe came to: ours, and what PyTorch is asked to do. */
interface Outcome {
  losses: number[]
  after: string
  request: ReferenceRequest
}

describeWithPyTorch('training from frame folders equals PyTorch on the same pixels', () => {
  const folder = temporaryFolder()
  const made = makeFrameFolders(path.join(folder, 'data'), { classes: 2, videos: 3, ...size })
  const input = networkInput(made.pixels)
  const manifest = path.join(made.folder, 'videos.jsonl')
  const entries = severalLabels.map((labels, i) => ({
    path: `${i < 3 ? 'a' : 'b'}/${i % 3}`,
    labels,
  }))
  writeFileSync(manifest, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))

  /** The places of the clips in each epoch, which is one step. */
  async function ordersOf(data: VideoDataset, epochs: number): Promise<number[][]> {
    using loader = new ClipLoader(data, {
      batchSize: data.videos.length,
      shuffle: true,
      seed: 1,
      clip: { frames: size.frames, ...crop },
      preprocessing: { resize: { width: size.width, height: size.height } },
    })
    const orders: number[][] = []
    for (let epoch = 1; epoch <= epochs; epoch++)
      for await (const { items } of loader.pass(epoch))
        orders.push(items.map((item) => data.videos.indexOf(item)))
    return orders
  }

  const names = Object.keys(recipes)
  const outcomes = new Map<string, Outcome & { expected: Map<string, Float32Array> }>()

  // One Python for all of them.
  beforeAll(async () => {
    const trained: Outcome[] = []
    for (const name of names) trained.push(await trainBy(recipes[name] ?? {}, trained.length))
    const answers = askPyTorch(
      folder,
      trained.map(({ request }) => request),
    )
    for (const [i, outcome] of trained.entries())
      outcomes.set(names[i] ?? '', { ...outcome, expected: await readTensors(answers[i] ?? '') })
  }, 180_000)

  test.each(names)('%s', async (name) => {
    const outcome = outcomes.get(name)
    if (!outcome) throw new Error('there is no outcome')
    const { losses, after, expected } = outcome
    const { batchNorm = false } = recipes[name] ?? {}
    // Batch norm divides by deviations of few values, which enlarges the rounding of both sides.
    const tolerance = batchNorm ? 1e-4 : 1e-5
    expect(relativeError(losses, expected.get('losses') ?? [])).toBeLessThan(tolerance)
    for (const [key, values] of await readTensors(after)) {
      // A bias in front of batch norm has no effect: its gradient is rounding noise on both sides.
      if (batchNorm && /^conv\w+\.bias$/.test(key) && !key.includes('_bn')) continue
      expect([key, relativeError(values, expected.get(key) ?? []) < tolerance]).toEqual([key, true])
    }
  })

  async function trainBy(
    { batchNorm = false, multiLabel = false, ...recipe }: Recipe,
    number: number,
  ): Promise<Outcome> {
    using data = await VideoDataset.open(multiLabel ? manifest : made.folder)
    const accumulate = recipe.accumulate ?? 1
    const loss = { ...plainLoss, ...recipe.loss }
    const optimizer = { ...plain, ...recipe.optimizer }
    using model = await C3D.create({
      architecture: {
        name: 'depth-3',
        input: { frames: size.frames, ...crop },
        widthMultiplier: 1 / 16,
        dropout: 0,
        batchNorm,
      },
      classes: data.classes,
      multiLabel,
      initializer: 'kaiming',
      preprocessing: {
        resize: { width: size.width, height: size.height },
        channelOrder: 'rgb',
        mean: [...mean],
        scale,
      },
      device: 'cpu',
      seed: 5,
    })
    const before = path.join(folder, `before-${number}.safetensors`)
    const after = path.join(folder, `after-${number}.safetensors`)
    await model.save(before)

    const epochs = 20
    const rates = Array.from({ length: epochs }, (_, i) => optimizer.learningRate * 0.7 ** Math.floor(i / 4))
    const losses: number[] = []
    const run = train(model, data, {
      epochs,
      batchSize: made.pixels.length / accumulate,
      accumulate,
      precision: 'float32',
      optimizer,
      loss,
      ...(recipe.mix && { mix: recipe.mix }),
      seed: 1,
      schedule: { type: 'step', every: 4, gamma: 0.7 },
      sampling: { mode: 'non-overlapping', crop: 'center', flipProbability: 0, colorJitter: {} },
    })
    for await (const epoch of run.epochs()) losses.push(epoch.loss)
    await model.save(after)
    const { mix } = recipe
    const mixes = mix
      ? (await ordersOf(data, epochs)).map((order, step) => ({
          order,
          ...plainMix(
            { mixup: 0, cutmix: 0, probability: 1, switchProbability: 0.5, ...mix },
            { seed: 1, step, clips: order.length, ...crop },
          ),
        }))
      : null
    const request: ReferenceRequest = {
      task: 'train',
      architecture: model.architecture,
      weights: before,
      input,
      shape: [made.pixels.length, 3, size.frames, crop.height, crop.width],
      labels: multiLabel
        ? severalLabels.map((labels) => data.classes.map((name) => Number(labels.includes(name))))
        : made.labels,
      training: {
        ...optimizer,
        rates,
        classes: data.classes.length,
        mixes,
        loss: {
          ...loss,
          classWeights: listOrNull(loss.classWeights),
          positiveWeights: listOrNull(loss.positiveWeights),
        },
      },
    }
    return { losses, after, request }
  }
})
