import type * as z from 'zod'
import { abortSignal, callback, flag, settings, wholeNumber } from './fields'
import { defaultIndexThreads } from './loader'
import { resizeSchema } from './preprocessing'

export interface PackingProgress {
  /** Videos that are packed, and all of them. */
  done: number
  total: number
  /** The latest one. */
  path: string
}

export const packSchema = settings({
  /** Size of the frames that are kept; a training may resize them again. */
  resize: resizeSchema.default({ width: 171, height: 128 }), // section 3 of the paper
  /** Whether packed videos that are there already are made again. */
  overwrite: flag().default(false),
  /** Videos that are packed at once. */
  threads: wholeNumber({ atLeast: 1, atMost: 256 }).default(defaultIndexThreads),
  signal: abortSignal().optional(),
  onProgress: callback<(progress: PackingProgress) => void>().optional(),
})

export type PackOptions = z.input<typeof packSchema>
