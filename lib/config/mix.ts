import { finiteNumber, settings } from './fields'

/**
 * Mixing the clips of a step with each other, drawn anew in each step; docs/recipes.md has the formulas. An alpha is the
 * parameter of the distribution Beta(alpha, alpha) that a clip's share in its mix is drawn from; 0: off.
 */
export const mixSchema = settings({
  /** Weighted means of two clips (Zhang et al., ICLR 2018: 0.1 to 0.4 on ImageNet). */
  mixup: finiteNumber({ atLeast: 0, atMost: 100 }),
  /** A box of the picture, in all frames, is another clip's (Yun et al., ICCV 2019: 1). */
  cutmix: finiteNumber({ atLeast: 0, atMost: 100 }),
  /** Of mixing the clips of a step at all. */
  probability: finiteNumber({ atLeast: 0, atMost: 1 }),
  /** Of CutMix in a step that is mixed, where both are on. */
  switchProbability: finiteNumber({ atLeast: 0, atMost: 1 }),
})
