import path from 'node:path'
import { C3D, ClipLoader, type TrainOptions, train, VideoDataset } from '../../lib'
import { makeFrameFolders } from '../support/frame-folders'
import { type MixSettings, plainlyMixed, plainMix } from '../support/mixes'
import { temporaryFolder } from '../support/temporary'

const folder = temporaryFolder()
const made = makeFrameFolders(path.join(folder, 'data'), {
  classes: 3,
  videos: 3,
  frames: 8,
  width: 28,
  height: 21,
})
const size = { frames: 8, height: 16, width: 20 }

let data: VideoDataset
beforeAll(async () => {
  data = await VideoDataset.open(made.folder, { cache: false })
})
afterAll(() => data.close())

const create = (dropout = 0, batchNorm = false) =>
  C3D.create({
    architecture: { name: 'depth-3', input: size, widthMultiplier: 1 / 16, dropout, batchNorm },
    classes: data.classes,
    device: 'cpu',
    seed: 1,
  })

/** -log of the softmax of each row. */
function negativeLogs(logits: Float32Array, classes: number): number[][] {
  return Array.from({ length: logits.length / classes }, (_, i) => {
    const row = [...logits.subarray(i * classes, (i + 1) * classes)]
    const logSum = Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0))
    return row.map((logit) => logSum - logit)
  })
}

const off = { mixup: 0, cutmix: 0, probability: 1, switchProbability: 0.5 }

test.each<[string, MixSettings]>([
  ['MixUp', { ...off, mixup: 0.4 }],
  ['CutMix', { ...off, cutmix: 1 }],
  ['both, in half of the steps', { ...off, mixup: 2, cutmix: 1, probability: 0.5 }],
])('%s: losses and accuracies are those of clips that are mixed plainly', async (_, mix) => {
  using model = await create()
  const [seed, batchSize, epochs] = [4, 5, 4]
  const sampling = { mode: 'non-overlapping', flipProbability: 0.5, crop: 'random', colorJitter: {} } as const
  // A rate so small that the weights stay what they are.
  const options: TrainOptions = {
    ...{ epochs, batchSize, seed, mix },
    optimizer: { learningRate: 1e-12, weightDecay: 0 },
    sampling,
    evaluation: { clips: 1 },
  }
  const steps: { loss: number; accuracy: number }[] = []
  for await (const event of train(model, data, options))
    if (event.type === 'step') steps.push({ loss: event.loss, accuracy: event.accuracy })
  expect(steps).toHaveLength(epochs * 2)

  using loader = new ClipLoader(data, {
    ...{ model, batchSize, seed, shuffle: true, dtype: 'float32' as const },
    sampling,
  })
  let mixed = 0
  for (let epoch = 1; epoch <= epochs; epoch++)
    for await (const { clips, labels } of loader.pass(epoch)) {
      const { loss, accuracy } = steps.shift() ?? { loss: 0, accuracy: 0 }
      const step = epochs * 2 - steps.length - 1
      const drawn = plainMix(mix, { seed, step, clips: labels.length, ...size })
      if (drawn.share < 1) mixed++
      const input = plainlyMixed(clips.data, clips.shape, drawn)
      const losses = negativeLogs(await model.forward({ data: input, shape: clips.shape }), 3)
      const answers = losses.map((row) => row.indexOf(Math.min(...row)))
      const shared = (of: (clip: number, label: number) => number) =>
        losses.reduce((sum, _row, i) => {
          const partner = labels[drawn.partners[i] as number] as number
          return sum + drawn.share * of(i, labels[i] as number) + (1 - drawn.share) * of(i, partner)
        }, 0) / losses.length
      expect(loss).toBeCloseTo(
        shared((i, label) => losses[i]?.[label] ?? 0),
        5,
      )
      expect(accuracy).toBeCloseTo(
        shared((i, label) => Number(answers[i] === label)),
        12,
      )
    }
  expect(mixed).toBeGreaterThan(0)
  if (mix.probability === 1) expect(mixed).toBeGreaterThan(epochs)
  else expect(mixed).toBeLessThan(2 * epochs)
})

// Of the plain code, which draws what the package does, as the tests above say.
test('shares are of the Beta distribution', () => {
  for (const alpha of [0.2, 1, 4]) {
    const shares = Array.from(
      { length: 4000 },
      (_, step) =>
        plainMix({ ...off, mixup: alpha }, { seed: 1, step, clips: 2, width: 16, height: 16 }).share,
    )
    const mean = shares.reduce((a, b) => a + b) / shares.length
    const variance = shares.reduce((sum, share) => sum + (share - 0.5) ** 2, 0) / shares.length
    expect(mean).toBeCloseTo(0.5, 1)
    expect(variance / (1 / (4 * (2 * alpha + 1)))).toBeCloseTo(1, 1)
  }
})

test('mixing is repeated bit for bit, and a run stopped within an epoch goes on with it', async () => {
  const options: TrainOptions = {
    ...{ epochs: 3, batchSize: 2, seed: 2, accumulate: 2, schedule: { type: 'constant' } },
    mix: { mixup: 0.4, cutmix: 1, probability: 0.8 },
    sampling: { crop: 'random', flipProbability: 0.5 },
  }
  const weightsAfter = async (given: TrainOptions) => {
    using model = await create(0.5, true)
    await train(model, data, given).done
    return model.tensors().map(({ name }) => model.readTensor(name))
  }
  const whole = await weightsAfter({ ...options, loader: { threads: 1 } })
  expect(await weightsAfter({ ...options, loader: { threads: 3 } })).toEqual(whole)
  expect(await weightsAfter({ ...options, mix: { mixup: 0, cutmix: 0 } })).not.toEqual(whole)

  const out = path.join(folder, 'run')
  await weightsAfter({ ...options, out, maxSteps: 4 })
  using model = await C3D.load(path.join(out, 'checkpoint.safetensors'), { device: 'cpu' })
  expect(await train(model, data, { resume: out, maxSteps: 100 }).done).toMatchObject({ reason: 'finished' })
  expect(model.tensors().map(({ name }) => model.readTensor(name))).toEqual(whole)
})
