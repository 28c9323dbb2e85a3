import * as z from 'zod'
import { inverseFrequencies, negativesByPositive } from '../dataset/class-weights'
import type { NativeLoss } from '../native/binding'
import { choice, expected, finiteNumber, settings } from './fields'
import { invalid } from './parse'

/**
 * What a training minimises: cross-entropy, or for a multi-label model binary cross-entropy of every class.
 * docs/recipes.md has the formulas.
 */
export const lossSchema = settings({
  /**
   * Part of the target that all classes share (Szegedy et al., CVPR 2016, section 7: 0.1); of a multi-label model, that
   * yes and no share.
   */
  labelSmoothing: finiteNumber({ atLeast: 0, below: 1 }),
  /** 0: cross-entropy. Above: focal loss (Lin et al., ICCV 2017: 2), which makes less of clips that are easy. */
  focalGamma: finiteNumber({ atLeast: 0, atMost: 10 }),
  /**
   * How much a clip counts, by its class: 'none', all alike; 'balanced', inverse to the number of the training set's
   * items of the class, with a mean of 1; or a list in the order of the model's classes.
   */
  classWeights: z.union([choice(['none', 'balanced']), z.array(finiteNumber({ above: 0 }))], {
    error: expected("'none', 'balanced' or a list of numbers above 0, one a class"),
  }),
  /**
   * Of a multi-label model: how much the items that have a class count beside those that do not: 'none', alike;
   * 'balanced', by the number of the training set's items without it, divided by that of the items with it; or a list
   * in the order of the model's classes (pos_weight of torch.nn.BCEWithLogitsLoss).
   */
  positiveWeights: z.union([choice(['none', 'balanced']), z.array(finiteNumber({ above: 0 }))], {
    error: expected("'none', 'balanced' or a list of numbers above 0, one a class"),
  }),
})

type LossSettings = z.output<typeof lossSchema>

/** How many items a training set has of every class, and in all. An item may have any number of classes. */
export interface ItemCounts {
  byClass: readonly number[]
  all: number
}

/** What the addon takes. */
export function nativeLoss(
  { labelSmoothing, focalGamma, classWeights, positiveWeights }: LossSettings,
  { byClass, all }: ItemCounts,
  multiLabel: boolean,
): NativeLoss {
  const weights = (setting: LossSettings['classWeights'], balanced: () => number[]) =>
    setting === 'none' ? [] : setting === 'balanced' ? balanced() : setting
  return {
    type: multiLabel ? 'binary-cross-entropy' : 'cross-entropy',
    labelSmoothing,
    focalGamma,
    classWeights: weights(classWeights, () => inverseFrequencies(byClass)),
    positiveWeights: weights(positiveWeights, () => negativesByPositive(byClass, all)),
  }
}

/**
 * @throws C3D_INVALID_CONFIG for weights of other classes or of the other kind of model, and for smoothing of a focal
 * loss, which nothing defines
 */
export function requireUsableLoss(
  loss: LossSettings,
  { classes, multiLabel }: { classes: readonly string[]; multiLabel: boolean },
): void {
  for (const key of ['classWeights', 'positiveWeights'] as const) {
    const weights = loss[key]
    if (Array.isArray(weights) && weights.length !== classes.length)
      throw invalid(
        `training.loss.${key}`,
        `expected ${classes.length} weights, one a class of the model, got ${weights.length}`,
      )
  }
  if (multiLabel && loss.classWeights !== 'none')
    throw invalid(
      'training.loss.classWeights',
      'a clip of a multi-label model has no one class whose weight it could have; use positiveWeights',
    )
  if (!multiLabel && loss.positiveWeights !== 'none')
    throw invalid('training.loss.positiveWeights', 'this is for multi-label models; use classWeights')
  if (loss.focalGamma > 0 && loss.labelSmoothing > 0)
    throw invalid('training.loss', 'expected either labelSmoothing or focalGamma, got both')
}
