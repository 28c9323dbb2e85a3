import os from 'node:os'
import type * as z from 'zod'
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
  /**
   * Whether cuDNN takes only algorithms that give the same bits in every run on CUDA devices, slower ones where it must,
   * and leaves `cudnnBenchmark` out. Holds for the whole process; to be set before the first network computes, since
   * cuDNN may keep what it has chosen for a shape. The CPU always gives the same bits.
   */
  deterministic: flag().optional(),
  /**
   * Whether cuDNN tries its algorithms at the first pass of each shape, as `torch.backends.cudnn.benchmark` does: its
   * guesses are poor for 3D convolutions. What is fastest may be another algorithm in another run, which rounds
   * differently. Holds as `deterministic` does, and has no effect beside it.
   */
  cudnnBenchmark: flag().optional(),
})

/** What CUDA devices go by until `configure` says otherwise. No TF32: float32 means float32 on every device. */
export const defaultCudaSwitches = { tf32: false, deterministic: false, cudnnBenchmark: true }

/** Whose memory `runtime.memory` tells. */
export const memoryDeviceSchema = deviceSchema.default('cpu')

/** Of `idleMemory`: half of the machine's. */
export function defaultIdleMemory(): number {
  return Math.floor(os.totalmem() / 2)
}

export type RuntimeOptions = z.input<typeof runtimeSchema>

/** While one computes, another one opens its video and decodes. */
export const defaultConcurrency = 2
