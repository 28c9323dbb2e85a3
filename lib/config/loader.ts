import { availableParallelism } from 'node:os'
import { choice, settings, wholeNumber } from './fields'

export const loaderSchema = settings({
  /** Decoding threads. */
  threads: wholeNumber({ atLeast: 1, atMost: 256 }),
  /** Batches that are decoded together; as many more may wait for the reader. */
  prefetch: wholeNumber({ atLeast: 1, atMost: 64 }),
  /** What becomes of clips that cannot be read although their video could be opened: left out and told, or fatal. */
  unreadable: choice(['skip', 'error']),
})

export interface LoaderSettings {
  threads: number
  prefetch: number
  unreadable: 'skip' | 'error'
}

/**
 * Decoding is waited for more than it computes, so two threads even on small machines; beyond eight, decoding is
 * hardly ever the bottleneck. Neither number changes any result.
 *
 * @param unreadable a training goes on without a broken clip, a measurement must not
 */
export function defaultLoader(unreadable: LoaderSettings['unreadable'] = 'error'): LoaderSettings {
  const threads = Math.min(8, Math.max(2, Math.floor(availableParallelism() / 2)))
  return { threads, prefetch: 2, unreadable }
}

/** What the addon takes. */
export function nativeLoader({ threads, prefetch, unreadable }: LoaderSettings) {
  return { threads, prefetch, skipUnreadable: unreadable === 'skip' }
}

/** Threads that count the frames of a data set: decoding only, so one a core. */
export function defaultIndexThreads(): number {
  return availableParallelism()
}
