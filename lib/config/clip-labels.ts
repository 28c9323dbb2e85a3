import * as z from 'zod'
import { expected, settings, text, wholeNumber } from './fields'

/** Settings of clips that get their labels from single frames. */

const frame = z.coerce.number({ error: expected('a whole number') }).pipe(wholeNumber({ atLeast: 0 }))

/** What is in some frames of a video. */
export const frameRangeSchema = settings({
  /** As the rows of the features have it. */
  path: text('the path of a video'),
  /** First frame, counted from 0, and the one behind the last. */
  start: frame,
  end: frame,
  label: text('the name of a class'),
})

export const clipLabelSchema = settings({
  /** Frames that must have the label. Section 5 of the paper: 8 of 16. */
  atLeast: wholeNumber({ atLeast: 1 }).default(8),
})

export type FrameRange = z.output<typeof frameRangeSchema>
export type ClipLabelOptions = z.input<typeof clipLabelSchema>
