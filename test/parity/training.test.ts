import path from 'node:path'
import { C3D, train, VideoDataset } from '../../lib'
import { makeFrameFolders } from '../support/frame-folders'
import { describeWithPyTorch } from '../support/python'
import { temporaryFolder } from '../support/temporary'
import { askPyTorch, readTensors, relativeError } from './pytorch'

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

const recipes = {
  'momentum and weight decay': {
    batchNorm: false,
    learningRate: 0.02,
    momentum: 0.9,
    weightDecay: 0.005,
    nesterov: false,
  },
  'batch norm and Nesterov': {
    batchNorm: true,
    learningRate: 0.02,
    momentum: 0.8,
    weightDecay: 0.001,
    nesterov: true,
  },
}

describeWithPyTorch('training from frame folders equals torch.optim.SGD on the same pixels', () => {
  const folder = temporaryFolder()
  const made = makeFrameFolders(path.join(folder, 'data'), { classes: 2, videos: 3, ...size })
  const input = networkInput(made.pixels)

  test.each(Object.entries(recipes))('%s', async (_, { batchNorm, ...optimizer }) => {
    using data = await VideoDataset.open(made.folder)
    using model = await C3D.create({
      architecture: {
        name: 'depth-3',
        input: { frames: size.frames, ...crop },
        widthMultiplier: 1 / 16,
        dropout: 0,
        batchNorm,
      },
      classes: data.classes,
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
    const before = path.join(folder, 'before.safetensors')
    const after = path.join(folder, 'after.safetensors')
    await model.save(before)

    const epochs = 4
    const losses: number[] = []
    const run = train(model, data, {
      epochs,
      batchSize: made.pixels.length,
      optimizer,
      schedule: { type: 'step', every: 2, gamma: 0.5 },
      sampling: { mode: 'non-overlapping', crop: 'center', flipProbability: 0 },
    })
    for await (const epoch of run.epochs()) losses.push(epoch.loss)
    await model.save(after)

    const expected = await askPyTorch(folder, {
      task: 'train',
      architecture: model.architecture,
      weights: before,
      input,
      shape: [made.pixels.length, 3, size.frames, crop.height, crop.width],
      labels: made.labels,
      training: { epochs, every: 2, gamma: 0.5, ...optimizer },
    })
    expect(relativeError(losses, expected.get('losses') ?? [])).toBeLessThan(1e-4)
    const trained = await readTensors(after)
    for (const [name, values] of trained) {
      // A bias in front of batch norm has no effect: its gradient is rounding noise on both sides.
      if (batchNorm && /^conv\w+\.bias$/.test(name) && !name.includes('_bn')) continue
      expect([name, relativeError(values, expected.get(name) ?? []) < 1e-4]).toEqual([name, true])
    }
  })
})
