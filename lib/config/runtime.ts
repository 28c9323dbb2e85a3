import os from 'node:os'
import type { z } from 'zod'
import { flag, settings, wholeNumber } from './fields'
import { deviceSchema } from './model'

export const runtimeSchema = settings({
  /** Threads that each computing task uses; 0: one a core. */
  threads: wholeNumber({ atLeast: 0, atMost: 1024 }).optional(),
  /**
   * Bytes of freed tensors that the process keeps for the next ones, which saves most page faults of a training; 0:
   * none. The system takes that memory first when it runs short.
   */
  idleMemory: wholeNumber({ atLeast: 0 }).optional(),
  /** Predictions that are in work at once, and evaluations; more of them wait in order. */
  concurrency: wholeNumber({ atLeast: 1, atMost: 1024 }).optional(),
  /**
   * Whether CUDA devices may round the factors of float32 products to TF32: 10 bits in place of 23, and several times
   * the speed from the Ampere generation on. Holds for the whole process.
   */
  tf32: flag().optional(),
})

/** Whose memory `runtime.memory` tells. */
export const memoryDeviceSchema = deviceSchema.default('cpu')

/** Of `idleMemory`: half of the machine's. */
export function defaultIdleMemory(): number {
  return Math.floor(os.totalmem() / 2)
}

export type RuntimeOptions = z.input<typeof runtimeSchema>

/** While one computes, another one opens its video and decodes. */
export const defaultConcurrency = 2
