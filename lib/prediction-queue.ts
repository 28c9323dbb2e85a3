import { defaultConcurrency } from './config/runtime'
import { WorkQueue } from './work-queue'

/**
 * What bounds the threads and the memory of a service that is asked many things at once. Of this JavaScript thread
 * alone; the cores are shared by turns that all threads of the process take (native/core/runtime/compute_turn.h).
 */

/** Questions with short answers: predict, forward, gradients. */
export const predictions = new WorkQueue(defaultConcurrency)

/** A queue of their own, so that measuring a data set holds up no short answer. */
export const evaluations = new WorkQueue(defaultConcurrency)

export function setConcurrency(concurrency: number): void {
  predictions.concurrency = concurrency
  evaluations.concurrency = concurrency
}
