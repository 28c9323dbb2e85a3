import { z } from 'zod'
import { inverseFrequencies } from '../dataset/class-weights'
import type { NativeTrainingConfig } from '../native/binding'
import { choice, expected, finiteNumber, settings } from './fields'
import { invalid } from './parse'

/** What a training minimises; docs/recipes.md has the formulas. */
export const lossSchema = settings({
  /** Part of the target that all classes share (Szegedy et al., CVPR 2016, section 7: 0.1). */
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
})

type LossSettings = z.output<typeof lossSchema>

/** What the addon takes. `items`: of the training set, by class. */
export function nativeLoss(
  { classWeights, ...same }: LossSettings,
  items: readonly number[],
): NativeTrainingConfig['loss'] {
  if (classWeights === 'none') return { ...same, classWeights: [] }
  return { ...same, classWeights: classWeights === 'balanced' ? inverseFrequencies(items) : classWeights }
}

/** @throws C3D_INVALID_CONFIG for weights of other classes, and for smoothing of a focal loss, which nothing defines */
export function requireUsableLoss(loss: LossSettings, classes: number): void {
  if (Array.isArray(loss.classWeights) && loss.classWeights.length !== classes)
    throw invalid(
      'training.loss.classWeights',
      `expected ${classes} weights, one a class of the model, got ${loss.classWeights.length}`,
    )
  if (loss.focalGamma > 0 && loss.labelSmoothing > 0)
    throw invalid('training.loss', 'expected either labelSmoothing or focalGamma, got both')
}
