import * as z from 'zod'
import type { NativeTrainingConfig } from '../native/binding'
import { cacheSchema, nativeCache } from './cache'
import { choice, expected, finiteNumber, flag, seed, settings, text, wholeNumber } from './fields'
import { loaderSchema, nativeLoader } from './loader'
import { type ItemCounts, lossSchema, nativeLoss } from './loss'
import { mixSchema } from './mix'
import { complete, parse } from './parse'
import { lossScaleSchema, nativeLossScale, precisionSchema } from './precision'
import type { Preprocessing } from './preprocessing'
import { type PresetName, presetNames, presets } from './presets'
import { checkpointSchema, earlyStoppingSchema, nativeLimits } from './run-limits'
import {
  clipsSchema,
  cropsSchema,
  evaluationSampling,
  nativeSampling,
  samplingSchema,
  shuffled,
} from './sampling'
import { scheduleSchema } from './schedule'

/** SGD with momentum; docs/recipes.md has the formulas. */
const optimizerSchema = settings({
  /**
   * Where the learning rate enters: behind the momentum, as in torch.optim.SGD, or before it, as in Caffe. They differ
   * while the rate changes.
   */
  form: choice(['pytorch', 'caffe']),
  learningRate: finiteNumber({ above: 0 }),
  momentum: finiteNumber({ atLeast: 0, below: 1 }),
  weightDecay: finiteNumber({ atLeast: 0 }),
  nesterov: flag(),
  /** Gradients whose common norm is larger are scaled down to it; null: never. */
  maxGradientNorm: finiteNumber({ above: 0 }).nullable(),
  /** Of biases, batch norm's excepted: a factor of the learning rate. The authors' prototxt files have 2. */
  biasLearningRate: finiteNumber({ atLeast: 0 }),
  /** Of biases, batch norm's excepted: a factor of the weight decay. The authors' prototxt files have 0. */
  biasWeightDecay: finiteNumber({ atLeast: 0 }),
  /** Of batch norm's weights and biases: a factor of the weight decay. */
  normWeightDecay: finiteNumber({ atLeast: 0 }),
  /** By the name of a layer: a factor of its learning rate. 0 freezes it. */
  layers: z.record(text('the name of a layer'), settings({ learningRate: finiteNumber({ atLeast: 0 }) }), {
    error: expected('an object by layer name, like { conv1a: { learningRate: 0 } }'),
  }),
})

const evaluationSchema = settings({
  clips: clipsSchema,
  crops: cropsSchema,
  batchSize: wholeNumber({ atLeast: 1 }),
})

/** Everything that decides what a training computes; what a preset gives in full. */
export const recipeSchema = settings({
  epochs: wholeNumber({ atLeast: 1 }),
  /** Clips a pass through the network. */
  batchSize: wholeNumber({ atLeast: 1 }),
  /**
   * Passes before the weights are updated: a step of batchSize * accumulate clips in the memory of batchSize. Batch norm
   * still takes its statistics from one pass.
   */
  accumulate: wholeNumber({ atLeast: 1, atMost: 1024 }),
  /** Of the order of clips, their crops, flips and starts, and dropout. */
  seed: seed(),
  /** In what layers multiply; weights, losses and statistics are float32. A run that has begun keeps what 'auto' was. */
  precision: precisionSchema,
  lossScale: lossScaleSchema,
  optimizer: optimizerSchema,
  loss: lossSchema,
  mix: mixSchema,
  schedule: scheduleSchema,
  sampling: samplingSchema,
  evaluation: evaluationSchema,
  loader: loaderSchema,
  cache: cacheSchema,
  checkpoint: checkpointSchema.optional(),
  /** Whether the run folder gets event files for TensorBoard; left out: it does. */
  tensorboard: flag().optional(),
  earlyStopping: earlyStoppingSchema.optional(),
  /** The training ends after so many steps in all. */
  maxSteps: wholeNumber({ atLeast: 1 }).optional(),
  /** The training ends after so many minutes, counted anew when it is resumed. */
  maxMinutes: finiteNumber({ above: 0 }).optional(),
})

export type TrainingConfig = z.output<typeof recipeSchema>

/** The same, all optional, as a user gives it. */
export const trainingSchema = recipeSchema
  .extend({
    optimizer: optimizerSchema.partial(),
    loss: lossSchema.partial(),
    mix: mixSchema.partial(),
    sampling: samplingSchema.partial(),
    evaluation: evaluationSchema.partial(),
    loader: loaderSchema.partial(),
  })
  .partial()
  .extend({
    /** What completes the settings; left out: the preset that the model was made with. */
    preset: choice(presetNames).optional(),
  })

/** The same, and where the run is kept. */
export const runSchema = trainingSchema.extend({
  /** Folder for the configuration, the metrics and the weights; left out: nothing is written. */
  out: text('the path of a folder').optional(),
  /** Whether a folder that holds a model already may be written to. */
  overwrite: flag().default(false),
  /** Folder of a run to go on with, from its checkpoint; its settings hold, and it is written to. */
  resume: text('the path of a run folder').optional(),
})

export type TrainingSettings = z.input<typeof trainingSchema>
export type RunSettings = z.input<typeof runSchema>

/** The user's settings completed by a preset. */
export function resolveTraining(
  options: TrainingSettings,
  modelPreset: PresetName,
  root = 'training',
): TrainingConfig {
  const { preset, ...given } = parse(trainingSchema, options, root)
  const recipe = presets[preset ?? modelPreset].training
  return complete<TrainingConfig>(recipe, {
    ...given,
    optimizer: complete(recipe.optimizer, given.optimizer),
    loss: complete(recipe.loss, given.loss),
    mix: complete(recipe.mix, given.mix),
    sampling: complete(recipe.sampling, given.sampling),
    evaluation: complete(recipe.evaluation, given.evaluation),
    loader: complete(recipe.loader, given.loader),
  })
}

/**
 * What the addon takes, but for the layers that compute in another precision.
 *
 * @param items of the training set, which balanced weights are made from
 * @param multiLabel whether the model is: its loss is binary then
 */
export function nativeTraining(
  config: TrainingConfig,
  preprocessing: Preprocessing,
  items: ItemCounts,
  multiLabel: boolean,
): Omit<NativeTrainingConfig, 'precision'> {
  const { evaluation, sampling, loader, cache, precision, ...others } = config
  const { checkpoint, tensorboard: _, earlyStopping, maxSteps, maxMinutes, ...same } = others
  const batchSize = config.batchSize * config.accumulate
  const together = batchSize * loader.prefetch
  return {
    ...same,
    batchSize,
    loss: nativeLoss(config.loss, items, multiLabel),
    lossScale: nativeLossScale(config.lossScale, precision),
    sampling: nativeSampling(sampling, preprocessing, shuffled(sampling, together)),
    evaluation: {
      batchSize: evaluation.batchSize,
      sampling: evaluationSampling(evaluation.clips, evaluation.crops, preprocessing),
    },
    loader: nativeLoader(loader),
    cache: nativeCache(cache),
    limits: nativeLimits({ checkpoint, earlyStopping, maxSteps, maxMinutes }),
  }
}
