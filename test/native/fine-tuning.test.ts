import path from 'node:path'
import { PassThrough } from 'node:stream'
import { C3D, train, VideoDataset } from '../../lib'
import { runCommandLine } from '../../lib/cli/program'
import { makeFrameFolders } from '../support/frame-folders'
import { temporaryFolder } from '../support/temporary'

const folder = temporaryFolder()
const file = path.join(folder, 'five.safetensors')
const classes = ['a', 'b', 'c', 'd', 'e']

const values = (model: C3D) =>
  new Map(model.tensors().map(({ name }) => [name, model.readTensor(name).join()]))

let before: Map<string, string>
beforeAll(async () => {
  using model = await C3D.create({
    architecture: { name: 'depth-3', input: { frames: 4, height: 16, width: 16 }, widthMultiplier: 1 / 32 },
    classes,
    initializer: 'caffe',
    device: 'cpu',
  })
  await model.save(file)
  before = values(model)
})

const different = (model: C3D) => {
  const after = values(model)
  return [...before.keys()].filter((name) => after.get(name) !== before.get(name))
}

test('a new classifier has other classes and fresh weights; all else comes from the file', async () => {
  using model = await C3D.load(file, { classes: ['x', 'y', 'z'], newClassifier: true })
  expect(model.classes).toEqual(['x', 'y', 'z'])
  expect(different(model)).toEqual(['fc8.weight', 'fc8.bias'])
  const weight = model.readTensor('fc8.weight')
  expect(weight).toHaveLength(3 * 64)
  const deviation = Math.sqrt(weight.reduce((sum, value) => sum + value * value, 0) / weight.length)
  expect(deviation).toBeGreaterThan(0.008) // N(0, 0.01), by the file's initializer
  expect(deviation).toBeLessThan(0.012)
})

test('as many classes get fresh weights, too, by the seed', async () => {
  const load = (seed: number) => C3D.load(file, { classes, newClassifier: true, seed })
  using one = await load(7)
  using same = await load(7)
  using other = await load(8)
  expect(different(one)).toEqual(['fc8.weight'])
  expect(values(same)).toEqual(values(one))
  expect(values(other)).not.toEqual(values(one))
})

test('without being asked for, another number of classes is an error that says how', async () => {
  await expect(C3D.load(file, { classes: ['x', 'y', 'z'] })).rejects.toMatchObject({
    code: 'C3D_WEIGHTS',
    message: expect.stringContaining('to train it on other classes, give newClassifier: true'),
  })
  await expect(C3D.load(file, { newClassifier: true })).rejects.toThrow(
    'at load.classes: expected the classes of the new classifier, got nothing',
  )
})

test('only the classifier learns when all other layers are frozen', async () => {
  const made = makeFrameFolders(path.join(folder, 'data'), {
    classes: 2,
    videos: 2,
    frames: 4,
    width: 20,
    height: 20,
  })
  using data = await VideoDataset.open(made.folder)
  using model = await C3D.load(file, { classes: data.classes, newClassifier: true })
  const names = ['conv1a', 'conv2a', 'conv3a', 'conv4a', 'conv5a', 'fc6', 'fc7']
  const layers = Object.fromEntries(names.map((name) => [name, { learningRate: 0 }]))
  const { reason } = await train(model, data, { preset: 'finetune-ucf101', epochs: 2, optimizer: { layers } })
    .done
  expect(reason).toBe('finished')
  expect(different(model)).toEqual(['fc8.weight', 'fc8.bias'])
})

describe('c3d train --weights', () => {
  const { folder: videos } = makeFrameFolders(path.join(folder, 'cli-data'), {
    classes: 2,
    videos: 2,
    frames: 4,
    width: 28,
    height: 21,
  })
  async function c3dTrain(...args: string[]) {
    const streams = { stdout: new PassThrough(), stderr: new PassThrough() }
    const status = await runCommandLine(['train', ...args], streams)
    return { status, stderr: String(streams.stderr.read()) }
  }
  const c3d = (...args: string[]) =>
    c3dTrain(videos, '--weights', file, '--epochs', '1', '--validation', 'none', ...args)

  test('--dropout changes the network of the file, and no other', async () => {
    const out = path.join(folder, 'dropout')
    expect(await c3d('--dropout', '0.75', '--out', out)).toMatchObject({ status: 0 })
    using model = await C3D.load(path.join(out, 'model.safetensors'))
    const { layers, input } = model.architecture
    expect(layers.flatMap((layer) => (layer.type === 'linear' ? [layer.dropout] : []))).toEqual([0.75, 0.75])
    expect(input).toEqual({ frames: 4, height: 16, width: 16 })
  })

  test('--keep-classifier goes on with the classes of the model, in their order, whatever that of the data', async () => {
    const swapped = path.join(folder, 'swapped.safetensors')
    using given = await C3D.load(file, { classes: ['b', 'a'], newClassifier: true })
    await given.save(swapped)
    const out = path.join(folder, 'kept')
    // A rate so small that the weights stay what they are. The last --weights counts.
    const still = ['--learning-rate', '1e-12', '--keep-classifier', '--weights', swapped, '--out', out]
    expect(await c3d(...still)).toMatchObject({ status: 0 })
    using model = await C3D.load(path.join(out, 'model.safetensors'))
    expect(model.classes).toEqual(['b', 'a'])
    const [before, after] = [given, model].map((each) => each.readTensor('fc8.weight')) as [
      Float32Array,
      Float32Array,
    ]
    expect(Math.max(...after.map((value, i) => Math.abs(value - (before[i] ?? 0))))).toBeLessThan(1e-6)
    const bare = await c3dTrain(videos, '--keep-classifier')
    expect(bare).toMatchObject({ status: 2, stderr: expect.stringContaining('at --keep-classifier') })
  })

  test('options that would make another network are refused', async () => {
    for (const option of [['--width-multiplier', '0.5'], ['--input-size', '32'], ['--batch-norm']])
      expect(await c3d(...option)).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('which its weights do not fit'),
      })
  })
})
