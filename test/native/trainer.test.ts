import { writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  C3D,
  ClipLoader,
  type StepBatch,
  type StepResult,
  type TrainerOptions,
  type TrainOptions,
  train,
  VideoDataset,
} from '../../lib'
import { formatNpy } from '../../lib/files/npy'
import { makeFrameFolders, randomNumbers } from '../support/frame-folders'
import { type MixSettings, plainlyMixed, plainMix } from '../support/mixes'
import { temporaryFolder } from '../support/temporary'

const folder = temporaryFolder()
const size = { width: 28, height: 21 }
const { folder: videos } = makeFrameFolders(path.join(folder, 'data'), {
  classes: 2,
  videos: 5,
  frames: 10,
  ...size,
})
const EPOCHS = 3
const BATCH = 4
const STEPS_PER_EPOCH = 5

/** Everything random in it that there is, and a schedule that changes the rate in every step. */
const recipe = {
  epochs: EPOCHS,
  batchSize: BATCH,
  seed: 2,
  optimizer: {
    form: 'caffe',
    learningRate: 0.02,
    momentum: 0.9,
    weightDecay: 0.01,
    biasLearningRate: 2,
    maxGradientNorm: 1,
    layers: { conv1a: { learningRate: 0 } },
  },
  loss: { labelSmoothing: 0.1, focalGamma: 0, classWeights: [1, 2] },
  schedule: { type: 'cosine', warmup: 0.5 },
} satisfies TrainOptions
const sampling = {
  mode: 'random',
  clipsPerVideo: 2,
  crop: 'random',
  flipProbability: 0.5,
  colorJitter: { brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 0.1 },
} satisfies TrainOptions['sampling']
const loader = { threads: 2, prefetch: 2 }
const trainerRecipe = { ...recipe, stepsPerEpoch: STEPS_PER_EPOCH }

let data: VideoDataset
beforeAll(async () => {
  data = await VideoDataset.open(videos, { cache: false })
})
afterAll(() => data.close())

const random = randomNumbers(7)
const meanCube = path.join(folder, 'mean.npy')
writeFileSync(
  meanCube,
  formatNpy({
    data: Float32Array.from({ length: 3 * 8 * size.width * size.height }, () => 100 + 50 * random()),
    shape: [3, 8, size.height, size.width],
  }),
)

const create = (preprocessing: Parameters<typeof C3D.create>[0]['preprocessing'] = {}) =>
  C3D.create({
    architecture: {
      name: 'depth-3',
      input: { frames: 8, height: 16, width: 16 },
      widthMultiplier: 1 / 16,
      dropout: 0.5,
      batchNorm: true,
    },
    classes: data.classes,
    preprocessing,
    device: 'cpu',
    seed: 1,
  })

const weightsOf = (model: C3D) => model.tensors().map(({ name }) => model.readTensor(name))

const loaderOf = (model: C3D, batchSize = BATCH) =>
  new ClipLoader(data, { model, batchSize, sampling, shuffle: true, seed: recipe.seed, loader })

/** The clips of all steps of a training. */
async function batchesOf(model: C3D): Promise<StepBatch[]> {
  const batches: StepBatch[] = []
  using clips = loaderOf(model)
  for (let epoch = 1; epoch <= EPOCHS; epoch++) for await (const batch of clips) batches.push(batch)
  return batches
}

async function trained(model: C3D, options: TrainOptions) {
  const results: Omit<StepResult, 'step'>[] = []
  for await (const event of train(model, data, options))
    if (event.type === 'step') {
      const { loss, accuracy, learningRate, skipped, lossScale } = event
      results.push({ loss, accuracy, learningRate, skipped, lossScale })
    }
  return results
}

async function stepped(model: C3D, options: TrainerOptions = {}) {
  const results: StepResult[] = []
  using trainer = model.trainer({ ...trainerRecipe, ...options })
  using clips = loaderOf(model)
  for (let epoch = 1; epoch <= EPOCHS; epoch++)
    for await (const batch of clips) results.push(await trainer.step(batch))
  return results
}

const withoutStep = (results: StepResult[]) => results.map(({ step: _, ...result }) => result)

test("a loop of one's own computes in bfloat16 and scales losses as train() does, bit for bit", async () => {
  const options = { precision: 'bfloat16', lossScale: { initial: 1024, growthInterval: 2 } } as const
  using model = await create()
  const whole = await trained(model, { ...recipe, sampling, loader, ...options })
  expect(whole.slice(0, 3).map(({ lossScale }) => lossScale)).toEqual([1024, 1024, 2048])
  using own = await create()
  expect(withoutStep(await stepped(own, options))).toEqual(whole)
  expect(weightsOf(own)).toEqual(weightsOf(model))
  expect(() => own.trainer({ ...trainerRecipe, precision: 'float16' })).toThrow(
    "at trainer.precision: 'float16' is for CUDA devices",
  )
})

test.each([
  ['a mean of channels', {}],
  ['a mean cube', { resize: size, mean: meanCube }],
])("a loop of one's own trains as train() does, bit for bit, with %s", async (_, preprocessing) => {
  using model = await create(preprocessing)
  const whole = await trained(model, { ...recipe, sampling, loader })
  expect(whole).toHaveLength(EPOCHS * STEPS_PER_EPOCH)
  expect(new Set(whole.map(({ learningRate }) => learningRate)).size).toBe(whole.length)
  using other = await create(preprocessing)
  const before = weightsOf(other)
  const steps = await stepped(other)
  expect(steps.map(({ step }) => step)).toEqual(whole.map((_, i) => i + 1))
  expect(withoutStep(steps)).toEqual(whole)
  expect(weightsOf(other)).toEqual(weightsOf(model))
  expect(weightsOf(other)).not.toEqual(before)
})

test('clips as floats make the same step as their pixels', async () => {
  const first = async (dtype: 'uint8' | 'float32') => {
    using model = await create()
    using trainer = model.trainer(trainerRecipe)
    using clips = new ClipLoader(data, { model, batchSize: BATCH, dtype })
    for await (const batch of clips) return { result: await trainer.step(batch), weights: weightsOf(model) }
    throw new Error('there is no clip')
  }
  expect(await first('float32')).toEqual(await first('uint8'))
})

test('several batches are one step, like accumulation, and a large one is computed in parts', async () => {
  const accumulate = 5
  const batchSize = 2
  using model = await create()
  const options = { ...recipe, batchSize, accumulate, sampling, loader, maxSteps: 1 }
  const [whole] = await trained(model, options)

  using clips = new ClipLoader(data, {
    model,
    batchSize: batchSize * accumulate,
    sampling,
    shuffle: true,
    seed: recipe.seed,
    loader,
  })
  const first = await clips.pass(1).next()
  if (first.done) throw new Error('there is no clip')
  const batch = first.value
  const parts = Array.from({ length: accumulate }, (_, i) => {
    const [from, to] = [i * batchSize, (i + 1) * batchSize]
    const values = batch.clips.data.length / batch.labels.length
    return {
      clips: {
        data: batch.clips.data.slice(from * values, to * values),
        shape: [batchSize, ...batch.clips.shape.slice(1)],
      },
      labels: batch.labels.slice(from, to),
    }
  })
  const config = { ...trainerRecipe, batchSize, stepsPerEpoch: 2 }
  for (const step of [batch, parts]) {
    using other = await create()
    using trainer = other.trainer(config)
    const { step: _, ...result } = await trainer.step(step)
    expect(result).toEqual(whole)
    expect(weightsOf(other)).toEqual(weightsOf(model))
  }
})

test('saved and restored, it goes on bit for bit', async () => {
  using model = await create()
  const batches = await batchesOf(model)
  const file = path.join(folder, 'trainer.safetensors')
  using trainer = model.trainer(trainerRecipe)
  const results: StepResult[] = []
  for (const [i, batch] of batches.entries()) {
    if (i === 7) await trainer.save(file)
    results.push(await trainer.step(batch))
  }
  using loaded = await C3D.load(file, { device: 'cpu' })
  using other = loaded.trainer(trainerRecipe)
  await other.restore(file)
  expect(other.state.step).toBe(7)
  const rest: StepResult[] = []
  for (const batch of batches.slice(7)) rest.push(await other.step(batch))
  expect(rest).toEqual(results.slice(7))
  expect(weightsOf(loaded)).toEqual(weightsOf(model))
  // A trainer goes back as well as on.
  await trainer.restore(file)
  expect(await trainer.step(batches[7] as StepBatch)).toEqual(results[7])

  using another = loaded.trainer({ ...trainerRecipe, seed: 9 })
  await expect(another.restore(file)).rejects.toMatchObject({
    code: 'C3D_INVALID_CONFIG',
    message: expect.stringContaining('trainer.seed'),
  })
  const plain = path.join(folder, 'plain.safetensors')
  await model.save(plain)
  await expect(trainer.restore(plain)).rejects.toMatchObject({ code: 'C3D_WEIGHTS' })
})

test('gradients and momentum are what the weights were updated by', async () => {
  using model = await create()
  const [batch, second] = await batchesOf(model)
  using trainer = model.trainer({
    ...trainerRecipe,
    optimizer: { form: 'pytorch', learningRate: 0.5, momentum: 0.5, weightDecay: 0, nesterov: false },
    schedule: { type: 'constant' },
  })
  expect(await trainer.gradients()).toEqual({})
  const name = 'fc8.weight'
  const before = model.readTensor(name)
  await trainer.step(batch as StepBatch)
  const gradients = await trainer.gradients()
  expect(Object.keys(gradients)).toEqual(
    model
      .tensors()
      .map((t) => t.name)
      .filter((n) => !n.includes('running')),
  )
  const gradient = gradients[name] as Float32Array
  expect((await trainer.momentum([name]))[name]).toEqual(gradient)
  const expected = before.map((weight, i) => Math.fround(weight - 0.5 * (gradient[i] as number)))
  model.readTensor(name).forEach((weight, i) => {
    expect(weight).toBeCloseTo(expected[i] as number, 6)
  })
  await trainer.step(second as StepBatch)
  const next = (await trainer.gradients([name]))[name] as Float32Array
  ;(await trainer.momentum([name]))[name]?.forEach((velocity, i) => {
    expect(velocity).toBeCloseTo(0.5 * (gradient[i] as number) + (next[i] as number), 6)
  })
  await expect(trainer.gradients(['fc9.weight'])).rejects.toMatchObject({ code: 'C3D_INVALID_ARGUMENT' })
})

test('the gradients of a model are its own, whatever was trained before', async () => {
  using model = await create()
  const shape = [2, 3, 8, 16, 16]
  const batch = { data: Float32Array.from({ length: 2 * 3 * 8 * 16 * 16 }, random), shape, labels: [0, 1] }
  using trainer = model.trainer({ ...trainerRecipe, optimizer: { learningRate: 1e-30, weightDecay: 0 } })
  await trainer.step({ clips: batch, labels: [1, 1] })
  const one = await model.gradients(batch)
  await trainer.step({ clips: batch, labels: [1, 1] })
  // Batch norm's statistics have moved, the weights hardly: the gradients are alike, not their double.
  const two = await model.gradients(batch)
  expect(two.loss / one.loss).toBeCloseTo(1, 0)
  expect(await model.gradients(batch)).toEqual(two)
})

test('the learning rate follows the schedule, or what it is set to', async () => {
  using model = await create()
  const [batch] = await batchesOf(model)
  using trainer = model.trainer({
    ...trainerRecipe,
    schedule: { type: 'step', every: 1, gamma: 0.5, unit: 'iterations' },
    stepsPerEpoch: undefined,
  })
  const rate = async () => (await trainer.step(batch as StepBatch)).learningRate
  expect(await rate()).toBe(0.02)
  expect(trainer.learningRate).toBe(0.01)
  expect(await rate()).toBe(0.01)
  trainer.learningRate = 0.3
  expect(trainer.state).toMatchObject({ step: 2, learningRate: 0.3 })
  expect(await rate()).toBe(0.3)
  trainer.learningRate = null
  expect(await rate()).toBe(0.0025)
  expect(() => {
    trainer.learningRate = 0
  }).toThrow('a number of more than 0')
})

test('a plateau schedule is told of validations', async () => {
  using model = await create()
  using trainer = model.trainer({
    ...recipe,
    schedule: { type: 'plateau', gamma: 0.5, patience: 0 },
  })
  trainer.reportValidation(1)
  expect(trainer.learningRate).toBe(0.02)
  trainer.reportValidation(1)
  expect(trainer.learningRate).toBe(0.01)
})

test('a step that fails or is aborted changes nothing', async () => {
  using model = await create()
  const [batch] = await batchesOf(model)
  const step = batch as StepBatch
  using trainer = model.trainer({ ...trainerRecipe, schedule: { type: 'constant' } })
  await trainer.step(step)
  const weights = weightsOf(model)
  const broken = {
    ...step,
    clips: { data: new Float32Array(2 * 3 * 8 * 16 * 16).fill(Number.NaN), shape: [2, 3, 8, 16, 16] },
  }
  await expect(trainer.step({ ...broken, labels: [0, 1] })).rejects.toMatchObject({
    code: 'C3D_NON_FINITE_LOSS',
    message: expect.stringContaining('in step 2'),
  })
  const controller = new AbortController()
  const aborted = trainer.step(step, { signal: controller.signal })
  const waiting = trainer.step(step, { signal: controller.signal })
  controller.abort(new Error('enough'))
  for (const promise of [aborted, waiting])
    await expect(promise).rejects.toMatchObject({ code: 'C3D_ABORTED', cause: new Error('enough') })
  expect(weightsOf(model)).toEqual(weights)
  expect(trainer.state.step).toBe(1)
  expect((await trainer.step(step)).step).toBe(2)
})

test('what does not fit is refused', async () => {
  using model = await create()
  const [first] = await batchesOf(model)
  const batch = first as StepBatch
  const refused = { code: 'C3D_INVALID_ARGUMENT' }
  using trainer = model.trainer(trainerRecipe)
  const { clips } = batch
  await expect(trainer.step([])).rejects.toMatchObject(refused)
  await expect(trainer.step({ ...batch, labels: [0] })).rejects.toThrow('Expected 4 labels')
  await expect(trainer.step({ ...batch, labels: [0, 1, 2, 1] })).rejects.toMatchObject(refused)
  await expect(
    trainer.step({ ...batch, clips: { data: clips.data as Uint8Array, shape: [4, 3, 8, 16, 16] } }),
  ).rejects.toThrow('[clips, 8, 16, 16, 3]')
  const floats = { data: new Float32Array(clips.data), shape: [4, 3, 8, 16, 16] }
  await expect(trainer.step([batch, { ...batch, clips: floats }])).rejects.toThrow('one kind')

  expect(() => model.trainer(recipe)).toThrow('trainer.stepsPerEpoch')
  expect(() => model.trainer({ ...trainerRecipe, loss: { classWeights: 'balanced' } })).toThrow('balanced')
  expect(() => model.trainer({ ...trainerRecipe, sampling } as never)).toThrow('sampling')
  expect(() =>
    model.trainer({ ...trainerRecipe, optimizer: { layers: { fc9: { learningRate: 1 } } } }),
  ).toThrow('fc9')

  using cube = await create({ resize: size, mean: meanCube })
  using withCube = cube.trainer(trainerRecipe)
  await expect(withCube.step({ clips, labels: batch.labels })).rejects.toThrow(
    'the places of the clips, 12 numbers',
  )
})

test('a run and a trainer do not train one model at once, and nothing works after close', async () => {
  using model = await create()
  const [first] = await batchesOf(model)
  const batch = first as StepBatch
  const trainer = model.trainer(trainerRecipe)
  const run = train(model, data, { ...recipe, sampling, loader })
  await expect(trainer.step(batch)).rejects.toThrow('being trained already')
  await run.stop()
  await trainer.step(batch)
  const underWay = trainer.step(batch)
  const waiting = trainer.step(batch).catch((error) => error)
  await new Promise((resolve) => setImmediate(resolve))
  trainer.close()
  trainer.close()
  await underWay
  const closed = { code: 'C3D_CLOSED' }
  expect(await waiting).toMatchObject(closed)
  await expect(trainer.step(batch)).rejects.toMatchObject(closed)
  await expect(trainer.gradients()).rejects.toMatchObject(closed)
  await expect(trainer.save(path.join(folder, 'no'))).rejects.toMatchObject(closed)
  expect(() => trainer.state).toThrow(expect.objectContaining(closed))

  const other = await create()
  using orphan = other.trainer(trainerRecipe)
  other.close()
  await expect(orphan.step(batch)).rejects.toMatchObject(closed)
})

test('clips of a multi-label model have lists of classes', async () => {
  const architecture = {
    name: 'depth-3',
    input: { frames: 8, height: 16, width: 20 },
    widthMultiplier: 1 / 16,
  } as const
  using model = await C3D.create({
    architecture: { ...architecture, dropout: 0 },
    classes: ['a', 'b', 'c'],
    multiLabel: true,
    seed: 1,
  })
  using trainer = model.trainer({ schedule: { type: 'constant' } })
  const shape = [2, 3, 8, 16, 20]
  const clips = { data: Float32Array.from({ length: 2 * 3 * 8 * 16 * 20 }, randomNumbers(7)), shape }
  const logits = await model.forward(clips)
  const targets = [1, 0, 1, 0, 0, 0]
  const losses = targets.map((target, i) => Math.log1p(Math.exp((target ? -1 : 1) * (logits[i] ?? 0))))
  const { loss } = await trainer.step({ clips, labels: [[0, 2], []] })
  expect(loss).toBeCloseTo(losses.reduce((a, b) => a + b, 0) / losses.length, 5)
  await expect(trainer.step({ clips, labels: [0, 1] })).rejects.toThrow(
    'Expected 2 lists of class numbers from 0 to 2',
  )
  await expect(trainer.step({ clips, labels: [[3], []] })).rejects.toThrow('from 0 to 2')
})

test.each<[string, MixSettings, boolean]>([
  ['MixUp', { mixup: 0.4, cutmix: 0, probability: 1, switchProbability: 0.5 }, false],
  ['CutMix', { mixup: 0, cutmix: 1, probability: 1, switchProbability: 0.5 }, false],
  ['both, multi-label', { mixup: 2, cutmix: 1, probability: 0.8, switchProbability: 0.5 }, true],
])('network input is mixed as pixels are: %s', async (_, mix, multiLabel) => {
  const [clips, classes, frames, width, height] = [4, ['a', 'b'], 8, 20, 16]
  using model = await C3D.create({
    ...{ classes, multiLabel, device: 'cpu', seed: 1 },
    architecture: {
      ...{ name: 'depth-3', widthMultiplier: 1 / 16, dropout: 0, batchNorm: false },
      input: { frames, height, width },
    },
  })
  const values = randomNumbers(5)
  const shape = [clips, 3, frames, height, width]
  const data = Float32Array.from({ length: clips * 3 * frames * height * width }, () => 2 * values() - 1)
  const numbers = [0, 1, 1, 0]
  const lists = [[0], [], [0, 1], [1]]
  // A rate so small that the weights stay what they are.
  using trainer = model.trainer({
    ...{ mix, seed: 6, batchSize: 3, precision: 'float32', schedule: { type: 'constant' } },
    optimizer: { learningRate: 1e-12, weightDecay: 0, maxGradientNorm: null },
    loss: { labelSmoothing: 0 },
  })
  let mixed = 0
  for (let step = 0; step < 6; step++) {
    const drawn = plainMix(mix, { seed: 6, step, clips, width, height })
    if (drawn.share < 1) mixed++
    const input = { data: plainlyMixed(data, shape, drawn), shape }
    const partners = <T>(of: readonly T[]) => drawn.partners.map((partner) => of[partner] as T)
    const own = multiLabel ? lists : numbers
    const [one, other] = await Promise.all(
      [own, multiLabel ? partners(lists) : partners(numbers)].map((labels) =>
        model.gradients({ ...input, labels }),
      ),
    )
    const { loss } = await trainer.step({ clips: { data, shape }, labels: own })
    const share = (a = 0, b = 0) => drawn.share * a + (1 - drawn.share) * b
    expect(loss).toBeCloseTo(share(one?.loss, other?.loss), 5)
    const name = 'conv1a.weight'
    const gradient = (await trainer.gradients([name]))[name] as Float32Array
    const wanted = gradient.map((_value, i) => share(one?.gradients[name]?.[i], other?.gradients[name]?.[i]))
    const largest = Math.max(...wanted.map(Math.abs))
    expect(
      Math.max(...gradient.map((value, i) => Math.abs(value - (wanted[i] ?? 0)))) / largest,
    ).toBeLessThan(1e-4)
  }
  expect(mixed).toBeGreaterThan(2)
})

test.each(['float32', 'bfloat16'] as const)(
  'answers in %s follow every step, whatever is kept of the weights between them',
  async (precision) => {
    const input = { frames: 2, height: 6, width: 6 }
    using model = await C3D.create({
      architecture: {
        input,
        layers: [
          { type: 'conv', name: 'first', filters: 32 },
          { type: 'conv', name: 'second', filters: 32 },
          { type: 'conv', name: 'flat', filters: 32, kernel: [1, 3, 3] },
        ],
        classifier: 'out',
      },
      classes: ['a', 'b'],
      device: 'cpu',
    })
    const random = randomNumbers(5)
    const shape = [2, 3, input.frames, input.height, input.width]
    const clips = { data: Float32Array.from({ length: 2 * 3 * 2 * 6 * 6 }, () => random() - 0.5), shape }
    using trainer = model.trainer({
      optimizer: { learningRate: 0.05 },
      schedule: { type: 'constant' },
      precision,
    })
    let before = await model.forward(clips, { precision })
    for (let step = 0; step < 3; ++step) {
      await trainer.step({ clips, labels: [0, 1] })
      const file = path.join(folder, `step-${step}.safetensors`)
      await model.save(file)
      using fresh = await C3D.load(file, { device: 'cpu' })
      const after = await model.forward(clips, { precision })
      expect(after).not.toEqual(before)
      await model.forward(clips, { precision: precision === 'float32' ? 'bfloat16' : 'float32' })
      expect(await model.forward(clips, { precision })).toEqual(after)
      expect(await fresh.forward(clips, { precision })).toEqual(after)
      before = after
    }
  },
)
