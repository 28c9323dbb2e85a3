import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { C3D, runtime, type TrainingEvent, type TrainOptions, train, VideoDataset } from '../../lib'
import { runCommandLine } from '../../lib/cli/program'
import { makeFrameFolders } from '../support/frame-folders'
import { temporaryFolder } from '../support/temporary'

const folder = temporaryFolder()
const { folder: videos } = makeFrameFolders(path.join(folder, 'data'), {
  classes: 2,
  videos: 6,
  frames: 10,
  width: 28,
  height: 21,
})
const augmented: TrainOptions = {
  epochs: 3,
  batchSize: 3,
  seed: 2,
  schedule: { type: 'constant' },
  loader: { threads: 2 },
  sampling: {
    mode: 'random',
    clipsPerVideo: 2,
    crop: 'random',
    flipProbability: 0.5,
    colorJitter: { brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 0.1 },
  },
}

let data: VideoDataset
let parts: ReturnType<VideoDataset['split']>
beforeAll(async () => {
  data = await VideoDataset.open(videos, { cache: false })
  parts = data.split({ validation: 0.3, seed: 1 })
})
afterAll(() => data.close())

const create = (classes: readonly string[] = data.classes, widthMultiplier = 1 / 16) =>
  C3D.create({
    architecture: {
      name: 'depth-3',
      input: { frames: 8, height: 16, width: 16 },
      widthMultiplier,
      dropout: 0.5,
      batchNorm: true,
    },
    classes,
    device: 'cpu',
    seed: 1,
  })

async function runOf(options: TrainOptions) {
  using model = await create()
  const losses: number[] = []
  for await (const event of train(model, parts.training, options))
    if (event.type === 'step') losses.push(event.loss)
  return { losses, weights: model.tensors().map(({ name }) => model.readTensor(name)) }
}

/** Begins a run and stops it after a step. */
async function stoppedRun(out: string, options: TrainOptions = augmented): Promise<void> {
  using model = await create()
  const run = train(model, parts.training, { ...options, validation: parts.validation, out })
  for await (const event of run) if (event.type === 'step') break
}

function resume(model: C3D, out: string, options: TrainOptions = {}) {
  return train(model, parts.training, { validation: parts.validation, ...options, resume: out }).done
}

test('equal settings and seeds give equal losses and weights, bit for bit; another seed gives others', async () => {
  const one = await runOf(augmented)
  expect(await runOf(augmented)).toEqual(one)
  const other = await runOf({ ...augmented, seed: 3 })
  expect(other.losses).not.toEqual(one.losses)
  expect(other.weights).not.toEqual(one.weights)
})

test('the best model, the last one and the checkpoint can be loaded', async () => {
  const out = path.join(folder, 'loaded')
  using model = await create()
  const { training, validation } = parts
  let best = { epoch: 0, clipTop1: -1, loss: 0 }
  for await (const { epoch, validation: scores } of train(model, training, {
    ...augmented,
    validation,
    out,
    checkpoint: { keepEpochs: 2 },
  }).epochs()) {
    if (!scores) throw new Error('there are no scores')
    const { clipTop1, loss } = scores
    if (clipTop1 > best.clipTop1 || (clipTop1 === best.clipTop1 && loss < best.loss))
      best = { epoch, clipTop1, loss }
  }
  const weightsIn = async (name: string) => {
    using loaded = await C3D.load(path.join(out, name))
    return loaded.readTensor('fc6.weight')
  }
  expect(await weightsIn('model.safetensors')).toEqual(model.readTensor('fc6.weight'))
  expect(await weightsIn('checkpoint.safetensors')).toEqual(model.readTensor('fc6.weight'))
  expect(readdirSync(out).filter((name) => name.startsWith('epoch-'))).toEqual(['epoch-2.safetensors'])
  expect(await weightsIn('epoch-2.safetensors')).not.toEqual(model.readTensor('fc6.weight'))
  const same = (await weightsIn('best.safetensors')).every(
    (value, i) => value === model.readTensor('fc6.weight')[i],
  )
  expect(same).toBe(best.epoch === 3)
})

// All test files of a process share its setting.
afterEach(() => runtime.configure({ threads: 0 }))

test('another number of threads is told, and no reason to stop', async () => {
  const out = path.join(folder, 'threads')
  const warningsOf = async (threads: number) => {
    const before = runtime.info().threads
    runtime.configure({ threads })
    try {
      using model = await C3D.load(path.join(out, 'checkpoint.safetensors'))
      const warnings: string[] = []
      for await (const event of train(model, parts.training, { validation: parts.validation, resume: out }))
        if (event.type === 'warning') warnings.push(event.message)
        else if (event.type === 'step') break
      return warnings
    } finally {
      runtime.configure({ threads: before })
    }
  }
  runtime.configure({ threads: 1 })
  await stoppedRun(out)
  expect(await warningsOf(1)).toEqual([])
  expect(await warningsOf(2)).toEqual([expect.stringContaining('with 1 threads and goes on with 2')])
})

test('a plateau, frozen layers and gradients in parts go on bit for bit', async () => {
  const recipe: TrainOptions = {
    ...augmented,
    epochs: 5,
    optimizer: {
      form: 'caffe',
      learningRate: 0.05,
      layers: { conv1a: { learningRate: 0 } },
      maxGradientNorm: 1,
    },
    // Hardly any epoch is better by a half, so that the rate falls in nearly every one.
    schedule: { type: 'plateau', gamma: 0.5, patience: 0, threshold: 0.5 },
    accumulate: 2,
  }
  const epochsOf = async (options: TrainOptions) => {
    using model = await create()
    const rates: number[] = []
    const { training, validation } = parts
    for await (const epoch of train(model, training, { ...options, validation }).epochs())
      rates.push(epoch.learningRate)
    return { rates, weights: model.tensors().map(({ name }) => model.readTensor(name)) }
  }
  const unbroken = await epochsOf(recipe)
  expect(new Set(unbroken.rates).size).toBeGreaterThan(2)
  const out = path.join(folder, 'plateau')
  const broken = await epochsOf({ ...recipe, out, maxSteps: 5 })
  expect(broken.rates.length).toBeLessThan(5)
  using model = await C3D.load(path.join(out, 'checkpoint.safetensors'))
  expect(await resume(model, out, { maxSteps: 1000 })).toMatchObject({ reason: 'finished', epochs: 5 })
  expect(model.tensors().map(({ name }) => model.readTensor(name))).toEqual(unbroken.weights)
})

describe('a run goes on only as what it was', () => {
  const out = path.join(folder, 'kept')
  let checkpoint: Buffer
  beforeAll(async () => {
    await stoppedRun(out)
    checkpoint = readFileSync(path.join(out, 'checkpoint.safetensors'))
  })
  afterEach(() => {
    expect(readFileSync(path.join(out, 'checkpoint.safetensors')).equals(checkpoint)).toBe(true)
  })

  test.each<[string, TrainOptions, string]>([
    ['batchSize', { batchSize: 5 }, 'it has 3, got 5'],
    ['optimizer', { optimizer: { learningRate: 1 } }, 'a resumed run keeps its settings'],
    ['preset', { preset: 'modern' }, 'leave the preset out'],
    ['out', { out: 'elsewhere' }, 'stays in its folder'],
  ])('%s may not change', async (key, options, message) => {
    using model = await create()
    const resumed = (async () => resume(model, out, options))()
    await expect(resumed).rejects.toMatchObject({
      code: 'C3D_INVALID_CONFIG',
      message: expect.stringMatching(new RegExp(`training.${key}.*${message}`)),
    })
  })

  test('other videos, another model, another class', async () => {
    using model = await create()
    const fewer = parts.training.subset((_, i) => i > 0)
    const { validation } = parts
    await expect(train(model, fewer, { validation, resume: out }).done).rejects.toMatchObject({
      code: 'C3D_INVALID_ARGUMENT',
      message: expect.stringMatching(/training set.*that was 8 videos of.*this is 7 videos of/),
    })
    await expect(train(model, parts.training, { resume: out }).done).rejects.toMatchObject({
      message: expect.stringMatching(/validation set.*this is none/),
    })
    using wider = await create(data.classes, 1 / 8)
    await expect(resume(wider, out)).rejects.toMatchObject({
      code: 'C3D_INVALID_ARGUMENT',
      message: expect.stringContaining("architecture are not those of '"),
    })
    using turned = await create([...data.classes].reverse())
    await expect(resume(turned, out)).rejects.toMatchObject({
      message: expect.stringContaining('classes are not those'),
    })
  })

  test('a damaged checkpoint, or none', async () => {
    using model = await create()
    await expect(resume(model, path.join(folder, 'nowhere'))).rejects.toMatchObject({
      code: 'C3D_FILE_NOT_FOUND',
    })
    const copy = path.join(folder, 'damaged')
    await stoppedRun(copy)
    writeFileSync(path.join(copy, 'checkpoint.safetensors'), checkpoint.subarray(0, -1))
    const before = model.readTensor('fc6.weight')
    await expect(resume(model, copy)).rejects.toMatchObject({ code: 'C3D_WEIGHTS' })
    expect(model.readTensor('fc6.weight')).toEqual(before)
  })
})

test('a run can be made longer where the schedule does not depend on its length', async () => {
  const long = await runOf({ ...augmented, epochs: 4, out: path.join(folder, 'long') })
  const out = path.join(folder, 'longer')
  await runOf({ ...augmented, out })
  using model = await create()
  const result = await train(model, parts.training, { epochs: 4, resume: out }).done
  expect(result).toMatchObject({ reason: 'finished', epochs: 4 })
  expect(model.tensors().map(({ name }) => model.readTensor(name))).toEqual(long.weights)
  expect(JSON.parse(readFileSync(path.join(out, 'config.json'), 'utf8')).training.epochs).toBe(4)

  const cosine = path.join(folder, 'cosine')
  await stoppedRun(cosine, { ...augmented, schedule: { type: 'cosine' } })
  await expect(resume(model, cosine, { epochs: 4 })).rejects.toMatchObject({
    code: 'C3D_INVALID_CONFIG',
    message: expect.stringMatching(
      /the cosine schedule of this run is laid out over its 3 epochs.*begin a new run.*--weights .*cosine/,
    ),
  })
})

test('a run that has come to its end says so instead of training nothing in silence', async () => {
  const out = path.join(folder, 'ended')
  using model = await create()
  const again = async (options: TrainOptions) => {
    const warnings: string[] = []
    const run = train(model, parts.training, { ...options, resume: out })
    for await (const event of run) if (event.type === 'warning') warnings.push(event.message)
    return { reason: (await run.done).reason, warnings }
  }
  const says = (reason: string, text: string) => ({ reason, warnings: [expect.stringContaining(text)] })
  await train(model, parts.training, { ...augmented, maxSteps: 5, out }).done
  expect(await again({ maxSteps: 5 })).toEqual(says('max-steps', 'made its 5 steps, so this time nothing'))
  expect(await again({ maxSteps: 100 })).toEqual({ reason: 'finished', warnings: [] })
  expect(await again({})).toEqual(
    says('finished', 'made all of its 3 epochs, so this time nothing was trained'),
  )
  await expect(again({ epochs: 2 })).rejects.toMatchObject({
    code: 'C3D_INVALID_CONFIG',
    message: expect.stringContaining('3 epochs of this run are made already, got 2'),
  })
  expect(await again({ epochs: 4 })).toEqual({ reason: 'finished', warnings: [] })
})

test('limits end a training, and its result says which; it can go on from there', async () => {
  const whole = await runOf(augmented)
  const out = path.join(folder, 'limited')
  using model = await create()
  const limited = await train(model, parts.training, { ...augmented, maxSteps: 8, out }).done
  expect(limited).toMatchObject({ reason: 'max-steps', steps: 8, epochs: 1 })
  const late = await train(model, parts.training, { maxSteps: 100, maxMinutes: 1e-9, resume: out }).done
  expect(late).toMatchObject({ reason: 'max-time', steps: 8 })
  const rest = await train(model, parts.training, { maxMinutes: 10, resume: out }).done
  expect(rest).toMatchObject({ reason: 'finished', epochs: 3 })
  expect(model.tensors().map(({ name }) => model.readTensor(name))).toEqual(whole.weights)
})

test('early stopping ends a training that learns nothing more', async () => {
  using model = await create()
  const { training, validation } = parts
  const hopeless = { ...augmented, epochs: 50, optimizer: { learningRate: 1e-12 } }
  const earlyStopping = { patience: 2, metric: 'accuracy' } as const
  const result = await train(model, training, { ...hopeless, earlyStopping, validation }).done
  expect(result.reason).toBe('early-stopping')
  expect(result.epochs).toBeLessThan(50)
  expect(() => train(model, training, { ...hopeless, earlyStopping })).toThrow(
    expect.objectContaining({ message: expect.stringContaining('give one') }),
  )
})

test('a loss that is no number leaves the checkpoint from before, and names it', async () => {
  const out = path.join(folder, 'diverged')
  using model = await create()
  const optimizer = { learningRate: 1e30 }
  const run = train(model, parts.training, { ...augmented, epochs: 50, optimizer, out })
  const checkpoint = path.join(out, 'checkpoint.safetensors')
  await expect(run.done).rejects.toMatchObject({
    code: 'C3D_NON_FINITE_LOSS',
    message: expect.stringContaining(checkpoint),
  })
  using loaded = await C3D.load(checkpoint)
  expect(loaded.readTensor('fc6.weight').every(Number.isFinite)).toBe(true)
})

test('a run folder that cannot be written to is told before the first step', async () => {
  const out = path.join(folder, 'file')
  writeFileSync(out, '')
  using model = await create()
  const events: TrainingEvent[] = []
  const read = (async () => {
    for await (const event of train(model, parts.training, { ...augmented, out })) events.push(event)
  })()
  await expect(read).rejects.toMatchObject({ code: 'C3D_FILE', message: expect.stringContaining(out) })
  expect(events.filter((event) => event.type === 'step')).toEqual([])
})

describe('c3d train --resume', () => {
  async function c3d(...args: string[]) {
    const streams = { stdout: new PassThrough(), stderr: new PassThrough() }
    const status = await runCommandLine(args, streams)
    return { status, stderr: String(streams.stderr.read()) }
  }
  const config = path.join(folder, 'settings.json')
  const architecture = {
    name: 'depth-3',
    input: { frames: 8, height: 16, width: 16 },
    widthMultiplier: 1 / 16,
  }

  test('needs no more than the folder of the run', async () => {
    writeFileSync(config, JSON.stringify({ model: { architecture }, training: augmented }))
    const [whole, broken] = [path.join(folder, 'cli-whole'), path.join(folder, 'cli-broken')]
    const begin = ['train', videos, '--config', config, '--validation', '0.3', '--limit', '7']
    expect((await c3d(...begin, '--out', whole)).status).toBe(0)
    expect((await c3d(...begin, '--out', broken, '--max-steps', '4')).status).toBe(0)
    const { status, stderr } = await c3d('train', '--resume', broken, '--max-steps', '1000')
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('epoch 3/3') })
    const weights = async (run: string) => {
      using model = await C3D.load(path.join(run, 'model.safetensors'))
      return model.tensors().map(({ name }) => model.readTensor(name))
    }
    expect(await weights(broken)).toEqual(await weights(whole))
  })

  test('refuses other settings, and a folder without a run', async () => {
    const out = path.join(folder, 'cli-whole')
    const refused = await c3d('train', '--resume', out, '--learning-rate', '1', '--no-flip')
    expect(refused).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('leave out --learning-rate, --no-flip'),
    })
    const nowhere = path.join(folder, 'nowhere')
    expect(await c3d('train', '--resume', nowhere)).toMatchObject({ status: 2 })
    expect(existsSync(nowhere)).toBe(false)
  })
})
