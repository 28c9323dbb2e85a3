import type { NativeModelConfig } from '../native/binding'
import { defaultLoader } from './loader'
import type { PreprocessingProfile } from './preprocessing'
import { plainSampling } from './sampling'
import type { TrainingConfig } from './training'

/** A named recipe: what a model is made with, and what it is trained with. The user's own settings win over it. */
export interface Preset {
  model: {
    initializer: Exclude<NativeModelConfig['initializer'], 'none'>
    batchNorm: boolean
    dropout: number
    preprocessing: PreprocessingProfile
    seed: number
  }
  training: TrainingConfig
}

/** torch.optim.SGD without anything special; what presets start from. */
const plainOptimizer = {
  form: 'pytorch',
  nesterov: false,
  maxGradientNorm: null,
  biasLearningRate: 1,
  biasWeightDecay: 1,
  normWeightDecay: 1,
  layers: {},
} satisfies Partial<TrainingConfig['optimizer']>

/** Caffe's SGDSolver with the lr_mult and decay_mult of all the authors' prototxt files: 1 and 2, 1 and 0. */
const caffeOptimizer = {
  ...plainOptimizer,
  form: 'caffe',
  biasLearningRate: 2,
  biasWeightDecay: 0,
} satisfies Partial<TrainingConfig['optimizer']>

/** Plain cross-entropy. */
const plainLoss: TrainingConfig['loss'] = {
  labelSmoothing: 0,
  focalGamma: 0,
  classWeights: 'none',
  positiveWeights: 'none',
}

/** No mixing; the probabilities hold where one is turned on, and are timm's (timm/data/mixup.py). */
const noMix: TrainingConfig['mix'] = { mixup: 0, cutmix: 0, probability: 1, switchProbability: 0.5 }

const byEpochs = { unit: 'epochs', warmup: 0 } as const

export const presetNames = [
  'modern',
  'paper-section-3',
  'caffe-ucf101',
  'finetune-ucf101',
  'sports-1m',
  'mmaction2-ucf101',
] as const
export type PresetName = (typeof presetNames)[number]

/** What a new user gets. */
export const defaultPreset: PresetName = 'modern'

/** Whose networks are the paper's own, layer by layer. */
export const paperPreset: PresetName = 'paper-section-3'

/**
 * Section 3.1 of the paper: "We train the networks from scratch using mini-batch of 30 clips, with initial learning
 * rate of 0.003. The learning rate is divided by 10 after every 4 epochs. The training is stopped after 16 epochs."
 * What the text leaves open is from the authors' release, C3D-v1.0/examples/c3d_train_ucf101.
 */
const paperSection3: Preset = {
  model: {
    initializer: 'caffe', // conv3d_ucf101_train.prototxt: weight_filler, bias_filler
    batchNorm: false, // there is none in the prototxt
    dropout: 0.5, // conv3d_ucf101_train.prototxt: dropout_ratio, after fc6 and fc7
    preprocessing: {
      channelOrder: 'bgr', // OpenCV's order, video_data_layer.cpp
      mean: [90.252, 97.657, 101.408], // channel means of the UCF101 train split 1 mean cube (BGR)
      scale: 1, // transform_param's default
      temporalStride: 1, // section 3: 16 consecutive frames
      framesPerSecond: null,
    },
    seed: 1,
  },
  training: {
    epochs: 16, // section 3.1
    batchSize: 30, // section 3.1
    accumulate: 1,
    seed: 1,
    precision: 'float32', // Caffe's
    lossScale: 'auto',
    optimizer: {
      ...caffeOptimizer,
      learningRate: 0.003, // section 3.1
      momentum: 0.9, // conv3d_ucf101_solver.prototxt
      weightDecay: 0.005, // conv3d_ucf101_solver.prototxt
    },
    loss: plainLoss, // section 3.1: softmax loss
    mix: noMix,
    schedule: { type: 'step', every: 4, gamma: 0.1, ...byEpochs }, // section 3.1
    sampling: {
      ...plainSampling,
      mode: 'non-overlapping', // section 3.1: "split into non-overlapped 16-frame clips"
      crop: 'random', // section 3.1: "random crops with a size of 3 x 16 x 112 x 112"
      flipProbability: 0.5, // conv3d_ucf101_train.prototxt: mirror: true
    },
    evaluation: {
      crops: 1, // section 3.1: "center cropping"
      clips: 'all', // section 3.2 reports clip accuracy on the test split's non-overlapping clips
      batchSize: 30, // conv3d_ucf101_train.prototxt, TEST phase
    },
    loader: defaultLoader('skip'),
    cache: 'none',
  },
}

/**
 * For networks from scratch on small data: He initialisation, batch norm, a cosine with warm-up, limited gradients. What
 * is not from a source was chosen by cross-validation; docs/recipes.md has the comparison.
 */
const modern: Preset = {
  model: {
    initializer: 'kaiming', // He et al., ICCV 2015
    batchNorm: true, // Ioffe and Szegedy, ICML 2015; for networks that do not say, where this preset is asked for
    dropout: 0.2, // chosen: with 0.5 it learns too slowly
    preprocessing: {
      channelOrder: 'rgb',
      mean: [123.675, 116.28, 103.53], // ImageNet's, as in torchvision: 255 * [0.485, 0.456, 0.406]
      scale: 1 / 57.63, // one over the mean of ImageNet's deviations, 255 * [0.229, 0.224, 0.225]
      temporalStride: 1,
      framesPerSecond: null,
    },
    seed: 1,
  },
  training: {
    epochs: 30,
    batchSize: 8, // chosen: small data gives few steps
    accumulate: 1,
    seed: 1,
    precision: 'auto',
    lossScale: 'auto',
    optimizer: {
      ...plainOptimizer,
      learningRate: 0.02, // chosen, with the limit below
      maxGradientNorm: 2, // the linear layers are not normalised: without it, 0.01 diverges at full width
      momentum: 0.9,
      weightDecay: 5e-4, // c3d_finetuning/c3d_ucf101_finetuning_solver.prototxt
    },
    loss: plainLoss,
    mix: noMix,
    schedule: { type: 'cosine', minimum: 0.01, unit: 'epochs', warmup: 1 }, // Loshchilov and Hutter, ICLR 2017
    sampling: {
      ...plainSampling,
      mode: 'random',
      clipsPerVideo: 1,
      crop: 'random', // others cannot go with a mean cube
      flipProbability: 0.5,
      colorJitter: { brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0 },
    },
    evaluation: { clips: 4, crops: 1, batchSize: 16 },
    loader: defaultLoader('skip'),
    cache: 'none',
  },
}

/**
 * The authors' released training on UCF101, C3D-v1.0/examples/c3d_train_ucf101: as section 3.1, but for the schedule,
 * which is conv3d_ucf101_solver.prototxt's: stepsize 20000, max_iter 60000. Train split 1 gives 107,258 clips, so that
 * an epoch has 3,575 iterations and 60000 of them are 16.8 epochs. The published mean cube, read with
 * `preprocessing.mean`, takes the place of its channel means.
 */
const caffeUcf101: Preset = {
  model: paperSection3.model,
  training: {
    ...paperSection3.training,
    epochs: 17, // at most; a smaller data set is seen so many times
    maxSteps: 60_000, // max_iter
    schedule: { type: 'step', every: 20000, gamma: 0.1, unit: 'iterations', warmup: 0 },
  },
}

/**
 * The authors' released fine-tuning of the Sports-1M network on UCF101, C3D-v1.0/examples/c3d_finetuning: base_lr 1e-4,
 * momentum 0.9, weight_decay 5e-4, divided by 10 every 5000 iterations, 20000 iterations of 30 clips (5.6 epochs of
 * train split 1); all layers are trained.
 */
const finetuneUcf101: Preset = {
  model: paperSection3.model,
  training: {
    ...paperSection3.training,
    epochs: 6, // at most
    maxSteps: 20_000, // max_iter
    optimizer: { ...caffeOptimizer, learningRate: 1e-4, momentum: 0.9, weightDecay: 5e-4 },
    schedule: { type: 'step', every: 5000, gamma: 0.1, unit: 'iterations', warmup: 0 },
  },
}

/**
 * The paper's training on Sports-1M: batches of 30, a learning rate of 0.003 that is divided by 2 every 150,000
 * iterations, 1.9 million iterations (about 13 epochs), five random clips of two seconds from every training video. No
 * solver was released for it: momentum, weight decay and the mean are not known, and are those of the authors' UCF101
 * files here.
 */
const sports1m: Preset = {
  model: paperSection3.model,
  training: {
    ...paperSection3.training,
    epochs: 14, // at most: one more than "about 13", so that the iterations end it
    maxSteps: 1_900_000,
    optimizer: {
      ...caffeOptimizer,
      learningRate: 0.003,
      momentum: 0.9, // c3d_finetuning's solver
      weightDecay: 5e-4, // c3d_finetuning's solver
    },
    schedule: { type: 'step', every: 150_000, gamma: 0.5, unit: 'iterations', warmup: 0 },
    sampling: {
      ...paperSection3.training.sampling,
      mode: 'random',
      clipsPerVideo: 5, // 16 frames for each of the five, drawn anew in every epoch
    },
    evaluation: { ...paperSection3.training.evaluation, clips: 10 }, // table 2: 10 clips a video
  },
}

/**
 * mmaction2 1.x, configs/recognition/c3d/c3d_sports1m-pretrained_8xb30-16x1x1-45e_ucf101-rgb.py: 8 GPUs of 30 clips,
 * here 8 passes of 30. Its network rounds pool5 'pad' (the architecture's `rounding`), and its hidden linear layers
 * start at N(0, 0.005), the classifier at N(0, 0.01), as the Caffe initializer has them.
 */
const mmaction2Ucf101: Preset = {
  model: {
    initializer: 'caffe',
    batchNorm: false, // norm_cfg: None
    dropout: 0.5, // dropout_ratio
    preprocessing: {
      shortSide: true, // 128, for crops of 112
      channelOrder: 'rgb',
      mean: [104, 117, 128],
      scale: 1,
      temporalStride: 1, // 16x1x1
      framesPerSecond: null,
    },
    seed: 1,
  },
  training: {
    epochs: 45,
    batchSize: 30,
    accumulate: 8,
    seed: 1,
    precision: 'float32', // its config has no AmpOptimWrapper
    lossScale: 'auto',
    optimizer: {
      ...plainOptimizer,
      learningRate: 0.001,
      momentum: 0.9,
      weightDecay: 5e-4,
      maxGradientNorm: 40,
    },
    loss: plainLoss,
    mix: noMix,
    schedule: { type: 'multi-step', at: [20, 40], gamma: 0.1, ...byEpochs },
    sampling: { ...plainSampling, mode: 'random', clipsPerVideo: 1, crop: 'random', flipProbability: 0.5 },
    evaluation: { clips: 10, crops: 1, batchSize: 30 },
    loader: defaultLoader('skip'),
    cache: 'none',
  },
}

export const presets: Readonly<Record<PresetName, Preset>> = {
  modern,
  'paper-section-3': paperSection3,
  'caffe-ucf101': caffeUcf101,
  'finetune-ucf101': finetuneUcf101,
  'sports-1m': sports1m,
  'mmaction2-ucf101': mmaction2Ucf101,
}
