import { EventRun, type Work } from './event-run'
import type { DoneEvent, EpochEvent, TrainingEvent, TrainingResult } from './events'

/** What a run runs. */
export type TrainingWork = Work<Exclude<TrainingEvent, DoneEvent>, TrainingResult>

/** A training under way; EventRun says how to read it, to wait for it and to stop it. */
export class TrainingRun extends EventRun<Exclude<TrainingEvent, DoneEvent>, TrainingResult> {
  /** @internal */
  constructor(work: TrainingWork, signal?: AbortSignal) {
    super('a training', work, signal)
  }

  /** The epochs alone. Leaving the loop stops the training. */
  async *epochs(): AsyncGenerator<EpochEvent, void, undefined> {
    for await (const event of this) if (event.type === 'epoch') yield event
  }
}
