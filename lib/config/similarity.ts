import * as z from 'zod'
import { callback, expected, settings, text, wholeNumber } from './fields'
import { svmSchema } from './linear'

/** Settings of action similarity: whether two videos show the same action (section 5 of the paper). */

const yesOrNo = z
  .union([z.boolean(), z.enum(['1', '0', 'true', 'false', 'yes', 'no'])], {
    error: expected('1 or 0, true or false, yes or no'),
  })
  .transform((value) => [true, '1', 'true', 'yes'].includes(value))

/** A line of a file of pairs. */
export const pairRowSchema = settings({
  first: text('the path of a video'),
  second: text('the path of a video'),
  /** Whether both show the same action. */
  same: yesOrNo,
  /** Which part of the cross-validation it is in. */
  fold: z.coerce.number({ error: expected('a whole number') }).pipe(wholeNumber({ atLeast: 0 })),
})

export const similaritySchema = svmSchema.extend({
  onProgress: callback<(progress: { done: number; total: number }) => void>().optional(),
})

/** Two videos, and whether they show the same action. */
export type VideoPair = z.output<typeof pairRowSchema>
export type SimilarityOptions = z.input<typeof similaritySchema>
