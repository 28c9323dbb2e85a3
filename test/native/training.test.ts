import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  C3D,
  type EpochEvent,
  evaluate,
  type TrainOptions,
  train,
  type UnreadableEvent,
  VideoDataset,
} from '../../lib'
import { makeFrameFolders } from '../support/frame-folders'
import { temporaryFolder } from '../support/temporary'

const folder = temporaryFolder()
const made = makeFrameFolders(path.join(folder, 'data'), {
  classes: 3,
  videos: 4,
  frames: 8,
  width: 28,
  height: 21,
})
const recipe: TrainOptions = { epochs: 3, batchSize: 4, sampling: { flipProbability: 0.5 } }

let data: VideoDataset
beforeAll(async () => {
  data = await VideoDataset.open(made.folder)
})
afterAll(() => data.close())

const create = (options: { seed?: number; dropout?: number; batchNorm?: boolean } = {}) =>
  C3D.create({
    architecture: {
      name: 'depth-3',
      input: { frames: 8, height: 16, width: 16 },
      widthMultiplier: 1 / 16,
      dropout: options.dropout ?? 0.5,
      batchNorm: options.batchNorm ?? false,
    },
    classes: data.classes,
    device: 'cpu',
    seed: options.seed ?? 1,
  })

async function weightsAfter(
  seed: number,
  options: TrainOptions,
): Promise<{ losses: number[]; weights: Float32Array[] }> {
  using model = await create({ seed })
  const losses: number[] = []
  for await (const epoch of train(model, data, options).epochs()) losses.push(epoch.loss)
  return { losses, weights: model.tensors().map(({ name }) => model.readTensor(name)) }
}

test('the same seed gives the same losses and weights, bit for bit, whatever the loading threads', async () => {
  const options = { ...recipe, seed: 5 }
  const one = await weightsAfter(1, { ...options, loader: { threads: 1 } })
  const three = await weightsAfter(1, { ...options, loader: { threads: 3 } })
  expect(three).toEqual(one)
  expect((await weightsAfter(1, { ...options, seed: 6 })).losses).not.toEqual(one.losses)
  expect((await weightsAfter(2, options)).losses).not.toEqual(one.losses)
})

test('a few clips are learnt by heart', async () => {
  using model = await create({ dropout: 0, batchNorm: true })
  const run = train(model, data, {
    ...recipe,
    epochs: 40,
    optimizer: { learningRate: 0.02 },
    sampling: { crop: 'center', flipProbability: 0 },
  })
  const epochs: EpochEvent[] = []
  for await (const epoch of run.epochs()) epochs.push(epoch)
  expect(epochs.at(-1)?.accuracy).toBe(1)
  const { clipTop1, videoTop1, confusion } = await evaluate(model, data)
  expect([clipTop1, videoTop1]).toEqual([1, 1])
  expect(confusion).toEqual([
    [4, 0, 0],
    [0, 4, 0],
    [0, 0, 4],
  ])
  const { top } = await model.predict(path.join(made.folder, 'b', '0'))
  expect(top[0]?.label).toBe('b')
})

test('events come in order, and the run folder keeps them', async () => {
  using model = await create()
  const out = path.join(folder, 'run')
  const { training, validation } = data.split({ validation: 0.25, seed: 1 })
  const types: string[] = []
  for await (const event of train(model, training, { ...recipe, epochs: 2, validation, out }))
    types.push(event.type)
  const epoch = ['step', 'step', 'step', 'progress', 'evaluation', 'epoch', 'checkpoint']
  expect(types).toEqual(['start', 'memory', ...epoch, ...epoch, 'done'])
  expect(readdirSync(out).sort()).toEqual([
    'best.safetensors',
    'checkpoint.safetensors',
    'config.json',
    expect.stringMatching(/^events\.out\.tfevents\./),
    'metrics.jsonl',
    'model.safetensors',
  ])
  const lines = readFileSync(path.join(out, 'metrics.jsonl'), 'utf8').trim().split('\n')
  expect(lines.map((line) => JSON.parse(line)).filter((event) => event.type === 'epoch')).toHaveLength(2)
  expect(JSON.parse(readFileSync(path.join(out, 'config.json'), 'utf8'))).toMatchObject({
    training: { epochs: 2 },
  })

  await expect(train(model, training, { ...recipe, out }).done).rejects.toMatchObject({
    code: 'C3D_FILE',
    message: expect.stringContaining(out),
  })
})

test('a stopped training leaves a model that loads and answers as it did', async () => {
  using model = await create()
  const out = path.join(folder, 'stopped')
  let steps = 0
  const run = train(model, data, { ...recipe, epochs: 1000, out })
  for await (const event of run) if (event.type === 'step' && ++steps === 4) break
  expect((await run.done).reason).toBe('stopped')
  using loaded = await C3D.load(path.join(out, 'model.safetensors'))
  const video = path.join(made.folder, 'a', '1')
  expect(await loaded.predict(video)).toEqual(await model.predict(video))
})

test('a loss that is no number ends the training with an error that says what to do', async () => {
  using model = await create()
  const run = train(model, data, { ...recipe, epochs: 50, optimizer: { learningRate: 1e30 } })
  const read = (async () => {
    for await (const _ of run);
  })()
  await expect(read).rejects.toMatchObject({
    code: 'C3D_NON_FINITE_LOSS',
    message: expect.stringMatching(/became (NaN|infinite) in step \d+.*learning rate/is),
  })
})

test('a video that breaks after it was opened is left out and told, or ends the training', async () => {
  const vanishing = makeFrameFolders(path.join(folder, 'vanishing'), {
    classes: 2,
    videos: 2,
    frames: 8,
    width: 28,
    height: 21,
  })
  using videos = await VideoDataset.open(vanishing.folder)
  writeFileSync(path.join(vanishing.folder, 'b', '1', '3.png'), 'damaged')
  using model = await C3D.create({
    architecture: { name: 'depth-1', input: { frames: 8, height: 16, width: 16 }, widthMultiplier: 1 / 16 },
    classes: videos.classes,
    device: 'cpu',
  })
  const told: UnreadableEvent[] = []
  let clips = 0
  for await (const event of train(model, videos, { ...recipe, epochs: 2 })) {
    if (event.type === 'unreadable') told.push(event)
    if (event.type === 'epoch') clips = event.clips
  }
  expect(told).toEqual([
    { type: 'unreadable', path: videos.videos.at(-1)?.path, reason: expect.stringContaining('3.png') },
  ])
  expect(clips).toBe(3)
  const left: string[] = []
  const scores = await evaluate(model, videos, {
    loader: { unreadable: 'skip' },
    onUnreadable: (unreadable) => left.push(...unreadable.map(({ path: file }) => file)),
  })
  expect(left).toEqual([videos.videos.at(-1)?.path])
  expect(scores.videos).toBe(3)
  await expect(evaluate(model, videos)).rejects.toMatchObject({ code: 'C3D_VIDEO_UNREADABLE' })
  const strict = { ...recipe, loader: { unreadable: 'error' } } as const
  await expect(train(model, videos, strict).done).rejects.toMatchObject({
    code: 'C3D_VIDEO_UNREADABLE',
    message: expect.stringContaining('3.png'),
  })
})

test('a class none of whose videos can be read any more is told by name; a single class left ends the training', async () => {
  const sets = makeFrameFolders(path.join(folder, 'fading'), {
    ...{ classes: 3, videos: 2, frames: 8, width: 28, height: 21 },
  })
  using videos = await VideoDataset.open(sets.folder, { cache: false })
  using model = await create()
  const damage = (name: string) => {
    for (const video of ['0', '1']) writeFileSync(path.join(sets.folder, name, video, '3.png'), 'damaged')
  }
  damage('b')
  const warnings: string[] = []
  for await (const event of train(model, videos, { ...recipe, epochs: 2, sampling: { flipProbability: 0 } }))
    if (event.type === 'warning') warnings.push(event.message)
  expect(warnings).toEqual([expect.stringContaining("No clip of the class 'b' could be read")])
  damage('c')
  await expect(train(model, videos, { ...recipe, epochs: 1 }).done).rejects.toMatchObject({
    code: 'C3D_EMPTY_DATASET',
    message: expect.stringContaining('Clips of one class alone can be read any more'),
  })
})

describe('saving and loading', () => {
  const shape = [2, 3, 8, 16, 16]
  const input = Float32Array.from({ length: 2 * 3 * 8 * 16 * 16 }, (_, i) => Math.sin(i))

  test('another process computes the same logits, bit for bit', async () => {
    using model = await create()
    for await (const _ of train(model, data, { ...recipe, epochs: 1 }));
    const file = path.join(folder, 'model.safetensors')
    await model.save(file)
    const logits = await model.forward({ data: input, shape })
    const script = `
      const { C3D } = require(${JSON.stringify(path.resolve(__dirname, '../..'))})
      C3D.load(${JSON.stringify(file)}, { device: 'cpu' }).then(async (model) => {
        const data = Float32Array.from({ length: ${input.length} }, (_, i) => Math.sin(i))
        const logits = await model.forward({ data, shape: ${JSON.stringify(shape)} })
        process.stdout.write(JSON.stringify({ classes: model.classes, logits: [...logits] }))
      })
    `
    const answer = JSON.parse(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }))
    expect(answer).toEqual({ classes: ['a', 'b', 'c'], logits: [...logits] })
  })

  test('a damaged file is refused by name, and nothing is half loaded', async () => {
    using model = await create()
    const file = path.join(folder, 'whole.safetensors')
    await model.save(file)
    const bytes = readFileSync(file)
    const damaged = path.join(folder, 'damaged.safetensors')
    for (const length of [0, 7, 100, bytes.length - 1]) {
      writeFileSync(damaged, bytes.subarray(0, length))
      await expect(C3D.load(damaged)).rejects.toMatchObject({
        code: 'C3D_WEIGHTS',
        message: expect.stringContaining('damaged.safetensors'),
      })
    }
    await expect(C3D.load(path.join(folder, 'none.safetensors'))).rejects.toMatchObject({
      code: 'C3D_FILE_NOT_FOUND',
    })
  })

  test('a folder that cannot be written to is an error that leaves nothing', async () => {
    using model = await create()
    const file = path.join(folder, 'no such folder', 'model.safetensors')
    await expect(model.save(file)).rejects.toMatchObject({
      code: 'C3D_FILE',
      message: expect.stringContaining(file),
    })
    expect(existsSync(path.dirname(file))).toBe(false)
  })
})

test('a closed model and a closed data set say so', async () => {
  const model = await create()
  model.close()
  await expect(model.forward({ data: new Float32Array(0), shape: [] })).rejects.toMatchObject({
    code: 'C3D_CLOSED',
  })
  const closed = await VideoDataset.open(made.folder)
  closed.close()
  using open = await create()
  expect(() => train(open, closed, recipe)).toThrow(expect.objectContaining({ code: 'C3D_CLOSED' }))
})

test('a frozen layer keeps every bit of it, running statistics included', async () => {
  using model = await create({ batchNorm: true })
  const values = () => new Map(model.tensors().map(({ name }) => [name, model.readTensor(name).join()]))
  const before = values()
  await train(model, data, { ...recipe, optimizer: { layers: { conv1a: { learningRate: 0 } } } }).done
  const after = values()
  // Biases in front of batch norm, which takes them off again, have no gradient to change them.
  const names = [...before.keys()].filter((name) => !/^conv[2-5]a\.bias$/.test(name))
  const kept = names.filter((name) => after.get(name) === before.get(name))
  expect(kept).toEqual(names.filter((name) => name.startsWith('conv1a')))
  // Frozen for that run only.
  const shape = [1, 3, 8, 16, 16]
  const { gradients } = await model.gradients({
    data: new Float32Array(3 * 8 * 16 * 16).fill(1),
    shape,
    labels: [0],
  })
  expect(Object.keys(gradients)).toContain('conv1a.weight')
})

test('rates of layers that are not there, and of none but 0, are refused', async () => {
  using model = await create()
  const options = (names: string[]) => ({
    optimizer: { layers: Object.fromEntries(names.map((name) => [name, { learningRate: 0 }])) },
  })
  expect(() => train(model, data, options(['conv1']))).toThrow(
    "at training.optimizer.layers: the network has no layer 'conv1' with weights (did you mean 'conv1a'?)",
  )
  const all = ['conv1a', 'conv2a', 'conv3a', 'conv4a', 'conv5a', 'fc6', 'fc7', 'fc8']
  expect(() => train(model, data, options(all))).toThrow('every layer is frozen')
})

test('losses that do not fit are refused', async () => {
  using model = await create()
  expect(() => train(model, data, { loss: { classWeights: [1, 2] } })).toThrow(
    'at training.loss.classWeights: expected 3 weights, one a class of the model, got 2',
  )
  expect(() => train(model, data, { loss: { focalGamma: 2, labelSmoothing: 0.1 } })).toThrow(
    'at training.loss: expected either labelSmoothing or focalGamma, got both',
  )
})
