import type * as z from 'zod'
import { defaultClassCount } from './architectures'
import { abortSignal, callback, choice, settings, wholeNumber } from './fields'
import { createSchema } from './model'
import { precisionSchema } from './precision'
import { paperPreset, presetNames } from './presets'

export interface SpeedProgress {
  /** Passes and steps. */
  done: number
  total: number
}

export const computeSpeedSchema = settings({
  classes: wholeNumber({ atLeast: 2 }).default(defaultClassCount),
  /** Whose batch norm and dropout layers have that do not say. */
  preset: choice(presetNames).default(paperPreset),
  device: createSchema.shape.device,
  /** Clips of a batch. */
  batchSize: wholeNumber({ atLeast: 1 }).default(4),
  /** Times that each is measured; the median counts. */
  rounds: wholeNumber({ atLeast: 1 }).default(5),
  precision: precisionSchema.default('auto'),
  signal: abortSignal().optional(),
  onProgress: callback<(progress: SpeedProgress) => void>().optional(),
})

export type ComputeSpeedOptions = z.input<typeof computeSpeedSchema>
