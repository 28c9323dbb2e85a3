import path from 'node:path'
import { C3D, type TrainOptions, train, VideoDataset } from '../../lib'
import { makeFrameFolders } from '../support/frame-folders'
import { temporaryFolder } from '../support/temporary'

const EPOCHS = 6
const STEPS = 3 // an epoch: 6 videos, 2 a step

const made = makeFrameFolders(path.join(temporaryFolder(), 'data'), {
  classes: 2,
  videos: 3,
  frames: 4,
  width: 20,
  height: 20,
})

/** The learning rates of the last steps of all epochs, as parts of the first. */
async function rates(schedule: TrainOptions['schedule'], validated = false): Promise<number[]> {
  using data = await VideoDataset.open(made.folder)
  using model = await C3D.create({
    architecture: { name: 'depth-1', input: { frames: 4, height: 16, width: 16 }, widthMultiplier: 1 / 32 },
    classes: data.classes,
    device: 'cpu',
  })
  const learningRate = validated ? 1e-20 : 1e-3 // so low that the validation loss stays the same
  const run = train(model, data, {
    epochs: EPOCHS,
    batchSize: 2,
    optimizer: { learningRate },
    schedule,
    ...(validated && { validation: data, allowOverlap: true }),
  })
  const seen: number[] = []
  for await (const epoch of run.epochs()) seen.push(epoch.learningRate / learningRate)
  return seen
}

/** The same by formula: `factor` of the number of steps before, for the last step of every epoch. */
const expectedRates = (factor: (step: number) => number) =>
  Array.from({ length: EPOCHS }, (_, epoch) => factor(epoch * STEPS + STEPS - 1))

const total = EPOCHS * STEPS

const cases: [NonNullable<TrainOptions['schedule']>, (step: number) => number][] = [
  [{ type: 'constant' }, () => 1],
  [{ type: 'constant', warmup: 2 }, (step) => Math.min(1, (step + 1) / STEPS / 2)],
  [{ type: 'step', every: 2, gamma: 0.5 }, (step) => 0.5 ** Math.floor(step / STEPS / 2)],
  [{ type: 'step', every: 4, gamma: 0.5, unit: 'iterations' }, (step) => 0.5 ** Math.floor(step / 4)],
  [
    { type: 'step', every: 4, unit: 'iterations', warmup: 10 },
    (step) => 0.1 ** Math.floor(step / 4) * Math.min(1, (step + 1) / 10),
  ],
  [{ type: 'multi-step', at: [1, 4] }, (step) => (step < 3 ? 1 : step < 12 ? 0.1 : 0.01)],
  [
    { type: 'multi-step', at: [5, 6, 14], gamma: 0.3, unit: 'iterations' },
    (step) => 0.3 ** [5, 6, 14].filter((at) => at <= step).length,
  ],
  [
    { type: 'cosine', warmup: 1, minimum: 0.1 },
    (step) =>
      step < 3 ? (step + 1) / 3 : 0.1 + (0.9 * (1 + Math.cos((Math.PI * (step - 3)) / (total - 3)))) / 2,
  ],
  [{ type: 'polynomial' }, (step) => 1 - step / total],
  [
    { type: 'polynomial', power: 2, minimum: 0.2, unit: 'iterations', warmup: 4 },
    (step) => (step < 4 ? (step + 1) / 4 : 0.2 + 0.8 * (1 - (step - 4) / (total - 4)) ** 2),
  ],
]

test.each(cases)('%j', async (schedule, factor) => {
  const seen = await rates(schedule)
  expect(seen).toHaveLength(EPOCHS)
  for (const [i, rate] of expectedRates(factor).entries()) expect(seen[i]).toBeCloseTo(rate, 12)
})

test('plateau waits for its patience, again after each reduction, and stops at its minimum', async () => {
  const seen = await rates({ type: 'plateau', gamma: 0.1, patience: 1, minimum: 0.05 }, true)
  // The first validation sets the best; the second and third are no better.
  expect(seen.map((rate) => Number(rate.toPrecision(6)))).toEqual([1, 1, 1, 0.1, 0.1, 0.05])
})

test('plateau needs a validation', async () => {
  await expect(rates({ type: 'plateau' })).rejects.toThrow(
    "at training.schedule: the type 'plateau' looks at the validation loss, but there is no validation set",
  )
})
