import { z } from 'zod'
import type { VideoItem } from '../dataset/video-item'
import { abortSignal, callback, expected, finiteNumber, seed, settings, wholeNumber } from './fields'
import { defaultIndexThreads } from './loader'

export interface IndexingProgress {
  /** Videos whose frames are counted, and all of them. */
  done: number
  total: number
  /** The latest one. */
  path: string
}

export const openSchema = settings({
  /** Videos that are read at once. */
  threads: wholeNumber({ atLeast: 1, atMost: 256 }).default(defaultIndexThreads),
  signal: abortSignal().optional(),
  onProgress: callback<(progress: IndexingProgress) => void>().optional(),
})

export type GroupBy = 'auto' | 'none' | ((video: VideoItem) => string)

export const splitSchema = settings({
  /** Fraction of the videos that goes to the validation part. */
  validation: finiteNumber({ above: 0, below: 1 }).default(0.2),
  /**
   * Which videos must stay together, since they show the same scene or person. 'auto': those of a class that have the
   * same UCF101 group (`_g07_` in the name); 'none': any two may part; a function: those for which it returns the same.
   */
  groupBy: z
    .custom<GroupBy>((value) => value === 'auto' || value === 'none' || typeof value === 'function', {
      error: expected("'auto', 'none' or a function"),
    })
    .default('auto'),
  seed: seed().default(1),
})

export type OpenOptions = z.input<typeof openSchema>
export type SplitOptions = z.input<typeof splitSchema>
