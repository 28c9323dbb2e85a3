import type { Precision } from '../config/precision'
import type { NativeScores, NativeTrainEvent } from '../native/binding'
import type { MemoryForecast } from './memory'

type NativeEvent<Type extends NativeTrainEvent['type']> = Extract<NativeTrainEvent, { type: Type }>

/**
 * Loss is the mean cross-entropy of the clips; accuracies are parts of 1. A video's answer is its clips' mean.
 *
 * Of a multi-label model the loss is the mean binary cross-entropy of clips and classes, top 1 and 5 are hit@1 and
 * hit@5 (one of a video's classes is among the likeliest; those without a class do not count), and `multiLabel` has
 * what tells more: mAP, which the best model is chosen by, and F1 at a probability of 0.5.
 */
export type Scores = NativeScores

/** A run begins, or goes on. */
export interface StartEvent {
  type: 'start'
  /** 'cpu' or 'cuda:<number>'. */
  device: string
  /** In what layers multiply. */
  precision: Precision
  /** Why, where the settings leave it to 'auto'; else null. */
  reason: string | null
}

/**
 * One update of the weights. `accuracy` is the part of the clips that were answered rightly, dropout on; for a
 * multi-label model, the part of all decisions at 0.5. Where clips are mixed, being right about a clip counts as much
 * as its share. `step`, `epoch` and `stepInEpoch`
 * count from 1. May be dropped for a slow reader.
 */
export type StepEvent = NativeEvent<'step'>
/** How far an evaluation is, in clips. May be dropped for a slow reader. */
export type ProgressEvent = NativeEvent<'progress'>
/** Scores on the validation set. */
export type EvaluationEvent = NativeEvent<'evaluation'>
/** Weights and state were written to `file`, after `epoch` complete epochs and `step` steps in all. */
export type CheckpointEvent = NativeEvent<'checkpoint'>
/**
 * An epoch has ended: means over its clips, and the validation's scores, null without a validation set. Its checkpoint
 * comes after it.
 */
export type EpochEvent = NativeEvent<'epoch'>

/** A clip of this video could not be read and is left out; once a video. */
export type UnreadableEvent = NativeEvent<'unreadable'>
/** Something that is allowed but probably not meant, or that slows the training down. */
export type WarningEvent = NativeEvent<'warning'>

/** What the training will take, before its first step, and what the machine and the CUDA device have left. In bytes. */
export interface MemoryEvent {
  type: 'memory'
  forecast: MemoryForecast
  available: number
  deviceAvailable?: number
}

export interface TrainingResult {
  /**
   * 'finished': all epochs are done. 'early-stopping', 'max-steps', 'max-time': a limit of the settings was reached.
   * 'stopped': by `stop()` or by leaving the loop.
   */
  reason: 'finished' | 'early-stopping' | 'max-steps' | 'max-time' | 'stopped'
  /** Complete ones, and updates of the weights, since the start of the training, also where it was resumed. */
  epochs: number
  steps: number
  /** Of this run of it. */
  seconds: number
  /** The most memory that the whole process has had so far (resident), in bytes. */
  peakMemory: number
  /** The most that tensors had of the CUDA device, in bytes; not there on the CPU. */
  peakDeviceMemory?: number
  /** The run folder and the weights in it, where `out` was given. */
  out?: string
  model?: string
}

export type DoneEvent = { type: 'done' } & TrainingResult

export type TrainingEvent =
  | StartEvent
  | StepEvent
  | ProgressEvent
  | EvaluationEvent
  | CheckpointEvent
  | EpochEvent
  | UnreadableEvent
  | WarningEvent
  | MemoryEvent
  | DoneEvent
