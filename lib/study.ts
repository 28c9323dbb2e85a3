import { abortSignal, settings, show } from './config/fields'
import { resolveModel } from './config/model'
import { reverseMotions } from './config/motion'
import { invalid, parse } from './config/parse'
import { type ResolvedStudy, resolveNets, type StudyOptions, studySchema } from './config/study'
import { resolveTraining, type TrainingConfig } from './config/training'
import { VideoDataset } from './dataset'
import { requireApart } from './dataset/overlap'
import { describeArchitecture } from './model'
import { abortError, isAborted } from './native/errors'
import { packageVersion } from './package-info'
import type { StudyDoneEvent, StudyEvent, StudyOutcome, StudyResult } from './study/events'
import { type StudyNet, studyNets } from './study/nets'
import { writeResults } from './study/results'
import { StudyFolder, type StudyRecord } from './study/study-folder'
import { summarize } from './study/summary'
import { trainMember } from './study/train-member'
import { identityOf } from './training/data-identity'
import { EventRun, STOP_REQUEST } from './training/event-run'
import { requireFitting } from './training/fitting'

/** A study under way; EventRun says how to read it, to wait for it and to stop it. */
export type StudyRun = EventRun<Exclude<StudyEvent, StudyDoneEvent>, StudyResult>

const controlSchema = settings({ signal: abortSignal().optional() })

/**
 * Section 3.2's study on anyone's videos: trains networks of different kernel depth with one recipe, on one split, with
 * the same seeds and so the same clips in the same order, and compares them. Returns at once; see EventRun for how to
 * read the events and to stop.
 *
 * Everything is kept in the folder `out`. Where that holds the same study, stopped or killed, it is gone on with: what
 * is done is not done again, the training that was under way goes on bit for bit. There may be more seeds and networks
 * than before.
 *
 * @example
 * const run = study(data, { network: { widthMultiplier: 0.25 }, seeds: 3, out: 'runs/depth' })
 * for await (const event of run) if (event.type === 'outcome') console.log(event.net, event.seed)
 * const { nets } = await run.done
 *
 * @throws C3D_INVALID_CONFIG, C3D_INVALID_ARGUMENT, C3D_EMPTY_DATASET; what happens later rejects the run, as in
 * `train`, but for a loss that is no number: that training has diverged, and the study goes on with the next
 */
export function study(
  data: VideoDataset,
  options: StudyOptions,
  control: { signal?: AbortSignal } = {},
): StudyRun {
  const { signal } = parse(controlSchema, control, 'study')
  const recipe = resolveStudy(options, data.classes)
  const pairs = choosePairs(recipe.study, data.classes)
  const plan = { ...recipe, ...chooseParts(recipe.study, data) }
  return new EventRun<Exclude<StudyEvent, StudyDoneEvent>, StudyResult>(
    'a study',
    (emit, stop) => perform(plan, pairs, emit, stop),
    signal,
  )
}

/** What can be told of a study without a video. */
export interface StudyRecipe {
  study: ResolvedStudy
  config: TrainingConfig
  model: StudyRecord['model']
}

/** Throws what the settings alone are wrong about. */
export function resolveStudy(options: StudyOptions, given: readonly string[]): StudyRecipe {
  const resolved = parse(studySchema, options, 'study')
  const { preset, initializer, preprocessing } = resolved
  const config = resolveTraining({ ...resolved.training, preset }, preset, 'study.training')
  const classes = [...given]
  const [model] = resolveNets(resolved).map((architecture) => {
    describeArchitecture(architecture, classes.length)
    const model = resolveModel({ architecture, preset, initializer, preprocessing, classes }).config
    requireFitting(config, model, true)
    return model
  })
  if (!model) throw invalid('study.nets', 'expected at least one network')
  return {
    study: resolved,
    config,
    model: { preset, initializer: model.initializer, preprocessing: model.preprocessing },
  }
}

interface Parts {
  training: VideoDataset
  validation: VideoDataset
}

type Plan = StudyRecipe & Parts

function chooseParts({ validation, allowOverlap }: ResolvedStudy, data: VideoDataset): Parts {
  if (!(validation instanceof VideoDataset)) return data.split({ validation })
  if (!allowOverlap) requireApart(data.overlaps(validation), 'training and validation')
  return { training: data, validation }
}

function choosePairs({ pairs }: ResolvedStudy, classes: readonly string[]): [string, string][] {
  const areThere = (pair: readonly string[]) => pair.every((name) => classes.includes(name))
  if (pairs === undefined) return reverseMotions.filter(areThere).map(([a, b]) => [a, b])
  pairs.forEach((pair, i) => {
    if (!areThere(pair))
      throw invalid(
        `study.pairs[${i}]`,
        `expected two of the classes ${classes.join(', ')}, got ${show(pair)}`,
      )
  })
  return pairs
}

async function perform(
  plan: Plan,
  pairs: readonly [string, string][],
  emit: (event: Exclude<StudyEvent, StudyDoneEvent>) => void,
  stop: AbortSignal,
): Promise<StudyResult> {
  const { study, training } = plan
  const { nets, target } = await studyNets(study, training.classes.length)
  const folder = await StudyFolder.open(study.out, recordOf(plan, nets, target), study.overwrite)
  const common = { ...plan, folder }
  const outcomes: StudyOutcome[] = []
  const result = (reason: StudyResult['reason']): StudyResult => ({
    reason,
    classes: [...training.classes],
    seeds: study.seeds,
    match: target,
    nets: nets.map((net) => summarize(net, outcomes, training.classes, pairs)),
    outcomes,
    out: study.out,
  })
  const trainOne = async (net: StudyNet, seed: number, number: number): Promise<boolean> => {
    const member = { net: net.name, seed }
    const known = await folder.outcome(member)
    const resumes = folder.hasCheckpoint(member)
    const state = known ? 'done-before' : resumes ? 'resumed' : 'new'
    emit({ type: 'training', state, number, total: nets.length * study.seeds, ...member })
    const outcome = known ?? (await trainMember(common, net, seed, emit, stop))
    if (!outcome) return false
    outcomes.push(outcome)
    if (!known) await writeResults(folder, result('stopped'))
    emit({ type: 'outcome', ...outcome })
    return true
  }
  try {
    // Seed by seed, so that there is something of every network early.
    for (let seed = 1, number = 1; seed <= study.seeds; seed++)
      for (const net of nets) {
        if (stop.aborted) throw abortError(stop, 'The study')
        if (!(await trainOne(net, seed, number++))) return result('stopped')
      }
  } catch (error) {
    if (!isAborted(error) || stop.reason !== STOP_REQUEST) throw error
    return result('stopped')
  }
  await writeResults(folder, result('finished'))
  return result('finished')
}

function recordOf(
  { study, config, model, training, validation }: Plan,
  nets: StudyNet[],
  match: StudyRecord['match'],
): StudyRecord {
  const { seed: _, ...recipe } = config
  return {
    package: `torch-c3d@${packageVersion}`,
    nets,
    seeds: study.seeds,
    match,
    model,
    training: recipe,
    data: { classes: training.classes, training: identityOf(training), validation: identityOf(validation) },
  }
}
