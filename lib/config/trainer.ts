import type * as z from 'zod'
import { wholeNumber } from './fields'
import { invalid, parse } from './parse'
import type { PresetName } from './presets'
import { resolveTraining, type TrainingConfig, trainingSchema } from './training'

/** Settings of a training that a loop of the user's own decides on, or that its data does. */
const OF_THE_LOOP = {
  accumulate: true,
  sampling: true,
  evaluation: true,
  loader: true,
  cache: true,
  checkpoint: true,
  earlyStopping: true,
  maxSteps: true,
  maxMinutes: true,
} as const

/** The recipe of a step. `batchSize`: a step of more clips is computed in several passes. */
export const trainerSchema = trainingSchema.omit(OF_THE_LOOP).extend({
  /** What an epoch is for the schedule, which counts in epochs. Needed unless the learning rate does without. */
  stepsPerEpoch: wholeNumber({ atLeast: 1 }).optional(),
})

export type TrainerOptions = z.input<typeof trainerSchema>

/** What a step and its learning rate are made with. */
export type TrainerConfig = Omit<TrainingConfig, keyof typeof OF_THE_LOOP> & { stepsPerEpoch: number }

/** The user's settings completed by a preset; `training` is what the addon's conversion takes. */
export function resolveTrainer(
  options: TrainerOptions,
  modelPreset: PresetName,
): { config: TrainerConfig; training: TrainingConfig } {
  const { stepsPerEpoch, ...given } = parse(trainerSchema, options, 'trainer')
  const training = resolveTraining(given, modelPreset, 'trainer')
  if (stepsPerEpoch === undefined && countsEpochs(training.schedule))
    throw invalid(
      'trainer.stepsPerEpoch',
      `the ${training.schedule.type} schedule counts epochs; say how many steps one has, or give another schedule, like { type: 'constant' }`,
    )
  const balanced = (['classWeights', 'positiveWeights'] as const).find(
    (key) => training.loss[key] === 'balanced',
  )
  if (balanced)
    throw invalid(
      `trainer.loss.${balanced}`,
      "'balanced' goes by the number of a data set's items, which a trainer does not see; give a list of weights, one a class",
    )
  const own = Object.entries(training).filter(([key]) => !Object.hasOwn(OF_THE_LOOP, key))
  const config = { ...Object.fromEntries(own), stepsPerEpoch: stepsPerEpoch ?? 1 } as TrainerConfig
  return { config, training }
}

/** Whether its learning rates depend on how many steps make an epoch. */
function countsEpochs({ type, unit, warmup }: TrainingConfig['schedule']): boolean {
  const overAll = type === 'cosine' || type === 'polynomial'
  const inTime = type === 'step' || type === 'multi-step' || warmup > 0
  return overAll || (unit === 'epochs' && inTime)
}
