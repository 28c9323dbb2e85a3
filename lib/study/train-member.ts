import type { ResolvedStudy } from '../config/study'
import type { TrainingConfig } from '../config/training'
import type { VideoDataset } from '../dataset'
import { evaluate } from '../evaluation'
import { C3D } from '../model'
import { C3DError } from '../native/errors'
import { train } from '../training'
import type { TrainingResult } from '../training/events'
import { checkpointIn } from '../training/run-folder'
import type { StudyMember, StudyMemberEvent, StudyOutcome } from './events'
import type { StudyNet } from './nets'
import type { StudyFolder } from './study-folder'

/** What all trainings of a study have in common. */
export interface Common {
  study: ResolvedStudy
  config: TrainingConfig
  training: VideoDataset
  validation: VideoDataset
  folder: StudyFolder
}

/**
 * Trains one network with one seed, from its checkpoint where there is one, and measures the model at the end.
 *
 * @returns nothing where it was stopped
 * @throws as `train` and `evaluate`, but for a loss that is no number, which is an outcome
 */
export async function trainMember(
  common: Common,
  net: StudyNet,
  seed: number,
  emit: (event: StudyMemberEvent) => void,
  signal: AbortSignal,
): Promise<StudyOutcome | undefined> {
  const { folder } = common
  const member = { net: net.name, seed }
  using model = await openModel(common, net, seed, signal)
  let reason: TrainingResult['reason'] | 'diverged'
  try {
    const run = train(model, common.training, trainOptions(common, member), { signal })
    for await (const event of run) if (event.type !== 'done') emit({ ...event, ...member })
    reason = (await run.done).reason
  } catch (error) {
    if (!(error instanceof C3DError) || error.code !== 'C3D_NON_FINITE_LOSS') throw error
    reason = 'diverged'
  }
  if (reason === 'stopped') return undefined
  const epochs = await folder.epochs(member)
  const outcome: StudyOutcome = {
    ...member,
    reason,
    epochs,
    confusion: reason === 'diverged' ? null : await confusionOf(common, model, signal),
    seconds: epochs.reduce((sum, { seconds }) => sum + seconds, 0),
  }
  await folder.saveOutcome(outcome)
  return outcome
}

async function openModel(
  { study, training, folder }: Common,
  net: StudyNet,
  seed: number,
  signal: AbortSignal,
): Promise<C3D> {
  const member = { net: net.name, seed }
  const { device, preset, initializer, preprocessing } = study
  if (folder.hasCheckpoint(member))
    return C3D.load(checkpointIn(folder.runFolder(member)), { device, signal })
  const { architecture } = net
  const { classes } = training
  return C3D.create({ architecture, preset, initializer, preprocessing, classes, seed, device, signal })
}

function trainOptions({ study, validation, folder }: Common, member: StudyMember) {
  const { allowOverlap, preset, training } = study
  const own = folder.runFolder(member)
  const common = { validation, allowOverlap }
  if (!folder.hasCheckpoint(member))
    return { ...training, ...common, preset, seed: member.seed, out: own, overwrite: true }
  return { ...common, cache: training.cache, loader: threadsOf(study), resume: own }
}

/** The number of threads may differ in a run that goes on. */
function threadsOf({ training }: ResolvedStudy) {
  const threads = training.loader?.threads
  return threads === undefined ? undefined : { threads }
}

async function confusionOf(
  { validation, config }: Common,
  model: C3D,
  signal: AbortSignal,
): Promise<number[][]> {
  const { evaluation, precision, cache, loader } = config
  const { confusion } = await evaluate(model, validation, { ...evaluation, precision, cache, loader, signal })
  return confusion ?? [] // which only multi-label models lack
}
