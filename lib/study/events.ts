import type { DoneEvent, EpochEvent, Scores, TrainingEvent } from '../training/events'
import type { MatchTarget, StudyNet } from './nets'

/** Which training of a study. */
export interface StudyMember {
  net: string
  seed: number
}

/** A training begins, goes on from its checkpoint, or was done before. `number` of `total`, from 1. */
export type StudyTrainingEvent = {
  type: 'training'
  state: 'new' | 'resumed' | 'done-before'
  number: number
  total: number
} & StudyMember

/** A training is done and measured. */
export type StudyOutcomeEvent = { type: 'outcome' } & StudyOutcome

/** An event of one of the trainings. */
export type StudyMemberEvent = StudyMember & Exclude<TrainingEvent, DoneEvent>

export type StudyDoneEvent = { type: 'done' } & StudyResult

export type StudyEvent = StudyTrainingEvent | StudyMemberEvent | StudyOutcomeEvent | StudyDoneEvent

/** What an epoch of a training came to. */
export type StudyEpoch = Pick<EpochEvent, 'epoch' | 'loss' | 'accuracy' | 'seconds'> & {
  validation: Scores | null
}

/** What one training came to. */
export interface StudyOutcome extends StudyMember {
  /** As of TrainingResult; 'diverged': the loss was no number any more. */
  reason: 'finished' | 'early-stopping' | 'max-steps' | 'max-time' | 'diverged'
  epochs: StudyEpoch[]
  /**
   * Validation videos by class (row) and answer (column) of the model at the end, in the order of the classes; null
   * where it diverged.
   */
  confusion: number[][] | null
  /** Of the epochs' training, without validation; of an epoch that was resumed, from there on. */
  seconds: number
}

/** Over the seeds: mean, sample standard deviation (null for a single one), and how many there are. */
export interface Spread {
  mean: number
  deviation: number | null
  count: number
}

export interface PairSpread {
  classes: [string, string]
  /**
   * Of the videos of both classes that were answered with one of the two: the part that was right. 0.5 is chance. Null
   * where no training gave such an answer.
   */
  accuracy: Spread | null
}

/** A network's numbers over the seeds; those of a training are of its last epoch. */
export interface NetSummary extends StudyNet {
  /** Trainings that are measured, and those of them that diverged and count nowhere below. */
  trainings: number
  diverged: number
  clipTop1: Spread | null
  videoTop1: Spread | null
  pairs: PairSpread[]
  /** Clip accuracy on the validation set after each epoch. */
  curve: (Spread & { epoch: number })[]
  seconds: Spread | null
  /** The paper's clip accuracy on UCF101 for the network of this name, digitised from its Fig. 2 (+-0.003). */
  paper: number | null
}

export interface StudyResult {
  /** 'stopped': by `stop()` or by leaving the loop; the numbers are of the trainings that were done by then. */
  reason: 'finished' | 'stopped'
  classes: string[]
  seeds: number
  /** What the networks were matched with; null: nothing. */
  match: MatchTarget | null
  nets: NetSummary[]
  outcomes: StudyOutcome[]
  /** Folder of the study. */
  out: string
}
