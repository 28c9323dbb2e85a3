import * as z from 'zod'
import { choice, expected, finiteNumber, settings, wholeNumber } from './fields'

const common = {
  /** Of `warmup` and all other times of the schedule. An iteration is an update of the weights. */
  unit: choice(['epochs', 'iterations']).default('epochs'),
  /** So long the learning rate rises linearly at the start; fractions of epochs allowed. */
  warmup: finiteNumber({ atLeast: 0 }).default(0),
}

const gamma = finiteNumber({ above: 0, atMost: 1 }).default(0.1)

/** As a part of `optimizer.learningRate`. */
const minimum = finiteNumber({ atLeast: 0, atMost: 1 }).default(0)

/** How the learning rate changes in the course of a training; docs/recipes.md has the formulas. */
export const scheduleSchema = z.discriminatedUnion(
  'type',
  [
    settings({ type: z.literal('constant'), ...common }),
    settings({
      type: z.literal('step'),
      /** From one reduction to the next. */
      every: wholeNumber({ atLeast: 1 }),
      /** Section 3.1 divides by 10. */
      gamma,
      ...common,
    }),
    settings({
      type: z.literal('multi-step'),
      /** Of each reduction. */
      at: z
        .array(finiteNumber({ above: 0 }), { error: expected('a list of times') })
        .min(1, { error: expected('at least one time') }),
      gamma,
      ...common,
    }),
    settings({ type: z.literal('cosine'), minimum, ...common }),
    settings({
      type: z.literal('polynomial'),
      /** 1: a straight line. */
      power: finiteNumber({ above: 0 }).default(1),
      minimum,
      ...common,
    }),
    settings({
      type: z.literal('plateau'),
      gamma,
      /** Evaluations without a lower loss that are borne. */
      patience: wholeNumber({ atLeast: 0 }).default(10), // as torch.optim.lr_scheduler.ReduceLROnPlateau
      /** What counts as lower: by more than this part of the lowest loss. */
      threshold: finiteNumber({ atLeast: 0, below: 1 }).default(1e-4), // as ReduceLROnPlateau
      minimum,
      ...common,
    }),
  ],
  {
    error: expected(
      "a schedule whose type is 'constant', 'step', 'multi-step', 'cosine', 'polynomial' or 'plateau'",
    ),
  },
)
