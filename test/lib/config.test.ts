import { nearestWord, show } from '../../lib/config/fields'
import { type CreateOptions, resolveModel } from '../../lib/config/model'
import { presetNames, presets } from '../../lib/config/presets'
import { defaultClips } from '../../lib/config/scoring'
import {
  nativeTraining,
  recipeSchema,
  resolveTraining,
  type TrainingSettings,
} from '../../lib/config/training'
import { C3DError } from '../../lib/native/errors'

const classes = ['a', 'b']

function messageOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(C3DError)
    expect(error).toMatchObject({ code: 'C3D_INVALID_CONFIG' })
    return (error as Error).message
  }
  throw new Error('expected a mistake to be found')
}

const training = (options: unknown) => () => resolveTraining(options as TrainingSettings, 'modern')
const model = (options: unknown) => () => resolveModel(options as CreateOptions)

describe('mistakes in settings', () => {
  test.each([
    [training({ batchSize: 0 }), 'at training.batchSize: expected a whole number of at least 1, got 0'],
    [training({ epochs: 2.5 }), 'at training.epochs: expected a whole number of at least 1, got 2.5'],
    [training({ epochs: '3' }), "at training.epochs: expected a whole number of at least 1, got '3'"],
    [
      training({ optimizer: { learningRate: Number.NaN } }),
      'at training.optimizer.learningRate: expected a number of more than 0, got NaN',
    ],
    [training({ epoch: 3 }), "at training: unknown setting 'epoch' (did you mean 'epochs'?)"],
    [
      training({ schedule: { type: 'step', evry: 3 } }),
      "at training.schedule.every: expected a whole number of at least 1, got nothing\nat training.schedule: unknown setting 'evry' (did you mean 'every'?)",
    ],
    [
      training({ schedule: { type: 'linear' } }),
      `at training.schedule.type: expected a schedule whose type is 'constant', 'step', 'multi-step', 'cosine', 'polynomial' or 'plateau', got {"type":"linear"}`,
    ],
    [training([]), 'at training: expected an object of settings, got []'],
    [model({ classes: ['a'] }), 'at model.classes: expected at least 2 classes, got ["a"]'],
    [model({ classes: ['a', 'b', 'a'] }), "at model.classes: expected every class once, got 'a' twice"],
    [
      model({ classes, device: 'gpu' }),
      "at model.device: expected 'auto', 'cpu', 'cuda' or 'cuda:<number>', got 'gpu'",
    ],
    [
      model({ classes, architecture: { name: 'c3d', widthMultiplyer: 0.5 } }),
      "at model.architecture: unknown setting 'widthMultiplyer' (did you mean 'widthMultiplier'?)",
    ],
    [
      model({ classes, architecture: { layers: [{ type: 'conv', name: 'a.b', filters: 3 }] } }),
      "at model.architecture.layers[0].name: expected a layer name without dots (it becomes part of a key), got 'a.b'",
    ],
    [
      model({ classes, preprocessing: { resize: { width: 100, height: 128 } } }),
      "at model.preprocessing.resize: expected at least the network's input of 112x112 (width x height), got 100x128",
    ],
  ])('%#', (call, message) => {
    expect(messageOf(call)).toBe(message)
  })

  test('are all told at once', () => {
    expect(messageOf(training({ batchSize: 0, epochs: 0 })).split('\n')).toHaveLength(2)
  })

  test('suggest nothing where nothing is near', () => {
    expect(nearestWord('lr', ['learningRate', 'momentum'])).toBeUndefined()
    expect(nearestWord('momentun', ['learningRate', 'momentum'])).toBe('momentum')
  })

  test('show long and odd values in a few words', () => {
    expect(show('x'.repeat(1000)).length).toBeLessThan(100)
    expect(show(new Map())).toBe('a Map')
    expect(show(null)).toBe('null')
    const circular: Record<string, unknown> = {}
    circular.self = circular
    expect(show(circular)).toBe('an object')
  })
})

describe('presets', () => {
  test.each(presetNames)('%s gives every setting of a training', (name) => {
    expect(recipeSchema.parse(presets[name].training)).toEqual(presets[name].training)
  })

  test('paper-section-3 is the recipe of section 3.1', () => {
    expect(resolveTraining({}, 'paper-section-3')).toMatchObject({
      epochs: 16,
      batchSize: 30,
      optimizer: { learningRate: 0.003, momentum: 0.9, weightDecay: 0.005 },
      schedule: { type: 'step', every: 4, gamma: 0.1 },
      sampling: { mode: 'non-overlapping', crop: 'random', flipProbability: 0.5 },
      evaluation: { clips: 'all' },
    })
    expect(resolveModel({ classes, preset: 'paper-section-3' }).config).toMatchObject({
      initializer: 'caffe',
      preprocessing: { channelOrder: 'bgr', resize: { width: 171, height: 128 }, scale: 1 },
    })
  })

  test('the presets of released trainings are theirs', () => {
    const given = (name: 'caffe-ucf101' | 'finetune-ucf101' | 'sports-1m' | 'mmaction2-ucf101') => {
      const { optimizer, schedule, batchSize, accumulate } = resolveTraining({}, name)
      const { form, learningRate, momentum, weightDecay, biasLearningRate, biasWeightDecay } = optimizer
      return [
        form,
        [learningRate, momentum, weightDecay],
        [biasLearningRate, biasWeightDecay],
        batchSize * accumulate,
        schedule,
      ]
    }
    const step = (every: number, gamma: number) => ({
      type: 'step',
      unit: 'iterations',
      warmup: 0,
      every,
      gamma,
    })
    expect(given('caffe-ucf101')).toEqual(['caffe', [0.003, 0.9, 0.005], [2, 0], 30, step(20_000, 0.1)])
    expect(given('finetune-ucf101')).toEqual(['caffe', [1e-4, 0.9, 5e-4], [2, 0], 30, step(5000, 0.1)])
    expect(given('sports-1m')).toEqual(['caffe', [0.003, 0.9, 5e-4], [2, 0], 30, step(150_000, 0.5)])
    expect(given('mmaction2-ucf101')).toEqual([
      'pytorch',
      [0.001, 0.9, 5e-4],
      [1, 1],
      240,
      { type: 'multi-step', unit: 'epochs', warmup: 0, at: [20, 40], gamma: 0.1 },
    ])
    const steps = (['caffe-ucf101', 'finetune-ucf101', 'sports-1m'] as const).map(
      (name) => resolveTraining({}, name).maxSteps,
    )
    expect(steps).toEqual([60_000, 20_000, 1_900_000])
    expect(resolveModel({ classes, preset: 'mmaction2-ucf101' }).config.preprocessing).toMatchObject({
      resize: { shortSide: 128 },
      channelOrder: 'rgb',
      mean: [104, 117, 128],
    })
  })

  test('complete what is left out, key by key', () => {
    const config = resolveTraining(
      { preset: 'paper-section-3', epochs: 2, optimizer: { learningRate: 1 }, batchSize: undefined },
      'modern',
    )
    expect(config).toMatchObject({ epochs: 2, batchSize: 30, optimizer: { learningRate: 1, momentum: 0.9 } })
  })

  test('a training takes the preset of its model', () => {
    expect(resolveTraining({}, 'paper-section-3').batchSize).toBe(30)
  })
})

describe('what goes to the addon', () => {
  const { preprocessing } = resolveModel({ classes }).config

  test('balanced class weights are inverse to the counts, with a mean of 1', () => {
    const config = resolveTraining(
      { batchSize: 5, accumulate: 3, loss: { classWeights: 'balanced' } },
      'modern',
    )
    const { loss, batchSize, accumulate } = nativeTraining(
      config,
      preprocessing,
      { byClass: [10, 30], all: 40 },
      false,
    )
    expect(loss).toEqual({
      type: 'cross-entropy',
      labelSmoothing: 0,
      focalGamma: 0,
      classWeights: [1.5, 0.5],
      positiveWeights: [],
    })
    expect([batchSize, accumulate]).toEqual([15, 3])
  })

  test('balanced positive weights are negatives by positives; 1 where there is nothing to weigh', () => {
    const config = resolveTraining({ loss: { positiveWeights: 'balanced' } }, 'modern')
    const { loss } = nativeTraining(config, preprocessing, { byClass: [10, 30, 0, 40], all: 40 }, true)
    expect(loss).toMatchObject({
      type: 'binary-cross-entropy',
      classWeights: [],
      positiveWeights: [3, 1 / 3, 1, 1],
    })
  })

  test('no preset mixes clips', () => {
    for (const { training } of Object.values(presets))
      expect(training.mix).toMatchObject({ mixup: 0, cutmix: 0 })
  })

  test('clips of an evaluation are never cropped at random or mirrored', () => {
    const config = nativeTraining(
      resolveTraining({ evaluation: { clips: 3 } }, 'modern'),
      { ...preprocessing, temporalStride: 2 },
      { byClass: [], all: 0 },
      false,
    )
    expect(config.sampling.temporalStride).toBe(2)
    expect(config.evaluation.sampling).toMatchObject({
      mode: 'uniform',
      clipsPerVideo: 3,
      temporalStride: 2,
      crop: 'center',
      flipProbability: 0,
      shuffle: false,
    })
  })

  test('frames are resized in the proportion of 171x128 to 112x112', () => {
    const resizeOf = (height: number, width: number) =>
      resolveModel({ classes, architecture: { name: 'c3d', input: { height, width } } }).config.preprocessing
        .resize
    expect(resizeOf(112, 112)).toEqual({ width: 171, height: 128 })
    expect(resizeOf(56, 56)).toEqual({ width: 86, height: 64 })
    expect(resizeOf(64, 128)).toEqual({ width: 195, height: 73 })
  })
})

test('a prediction looks at as many clips as fit with half overlap, at most 10', () => {
  expect([1, 15, 16, 23, 24, 32, 88, 1000].map((frames) => defaultClips(frames, 16))).toEqual([
    1, 1, 1, 1, 2, 3, 10, 10,
  ])
})
