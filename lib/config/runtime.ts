import type { z } from 'zod'
import { settings, wholeNumber } from './fields'

export const runtimeSchema = settings({
  /** Threads that each computing task uses; 0: one a core. */
  threads: wholeNumber({ atLeast: 0, atMost: 1024 }).optional(),
})

export type RuntimeOptions = z.input<typeof runtimeSchema>
