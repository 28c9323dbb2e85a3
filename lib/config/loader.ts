import { availableParallelism } from 'node:os'
import { settings, wholeNumber } from './fields'

/** Decoding threads, and how many batches they may be ahead of the reader. */
export const loaderSchema = settings({
  threads: wholeNumber({ atLeast: 1, atMost: 256 }),
  prefetch: wholeNumber({ atLeast: 1, atMost: 64 }),
})

/**
 * Decoding is waited for more than it computes, so two threads even on small machines; beyond eight, decoding is
 * hardly ever the bottleneck. Neither number changes any result.
 */
export function defaultLoader(): { threads: number; prefetch: number } {
  return { threads: Math.min(8, Math.max(2, Math.floor(availableParallelism() / 2))), prefetch: 3 }
}

/** Threads that count the frames of a data set: decoding only, so one a core. */
export function defaultIndexThreads(): number {
  return availableParallelism()
}
