import type * as z from 'zod'
import type { NativeTrainingConfig } from '../native/binding'
import { choice, finiteNumber, settings, wholeNumber } from './fields'

/** When a training keeps itself, beside the checkpoint after every epoch and the one where it is stopped. */
export const checkpointSchema = settings({
  /** Also after so many steps. */
  everySteps: wholeNumber({ atLeast: 1 }).optional(),
  /** Also after so many minutes. */
  everyMinutes: finiteNumber({ above: 0 }).optional(),
  /** Every so many epochs the model is kept for good, as epoch-<number>.safetensors. */
  keepEpochs: wholeNumber({ atLeast: 1 }).optional(),
})

export const earlyStoppingSchema = settings({
  /** Epochs without an improvement after which the training ends. */
  patience: wholeNumber({ atLeast: 1 }),
  /**
   * Of the validation: the accuracy of its clips, for multi-label models 'mAP', the mean average precision of its videos
   * (equal ones: the loss decides); or the loss. Left out: the one of these that the best model is chosen by.
   */
  metric: choice(['accuracy', 'mAP', 'loss']).optional(),
})

interface Limits {
  checkpoint?: z.output<typeof checkpointSchema> | undefined
  earlyStopping?: z.output<typeof earlyStoppingSchema> | undefined
  maxSteps?: number | undefined
  maxMinutes?: number | undefined
}

/** What the addon takes; 0 is none. */
export function nativeLimits({
  checkpoint,
  earlyStopping,
  maxSteps,
  maxMinutes,
}: Limits): NativeTrainingConfig['limits'] {
  return {
    maxSteps: maxSteps ?? 0,
    maxSeconds: (maxMinutes ?? 0) * 60,
    patience: earlyStopping?.patience ?? 0,
    metric: earlyStopping?.metric === 'loss' ? 'loss' : 'best-model',
    checkpointSteps: checkpoint?.everySteps ?? 0,
    checkpointSeconds: (checkpoint?.everyMinutes ?? 0) * 60,
    keepEpochs: checkpoint?.keepEpochs ?? 0,
  }
}
