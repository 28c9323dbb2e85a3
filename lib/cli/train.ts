import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import type { ModelSettings } from '../config/model'
import { invalid } from '../config/parse'
import { defaultPreset, type Preset, presetNames, presets } from '../config/presets'
import { defaultRunFolder } from '../config/run-folder'
import { resolveTraining } from '../config/training'
import { C3D } from '../model'
import { isAborted } from '../native/errors'
import { startTraining, train } from '../training'
import { checkpointIn, RunFolder } from '../training/run-folder'
import type { TrainingRun } from '../training/training-run'
import { addSourceOptions, SOURCE_HELP } from './dataset'
import { addCommonOptions, addDeviceOption, toNames, toNumber } from './options'
import { addPartOptions, checkParts, openParts, type Parts } from './parts'
import type { RunCommand } from './program'
import type { Session } from './session'
import { addSettingOptions } from './setting-options'
import { plural, short, table } from './text'
import { describeParts, type PartOptions, readParts, requireResumable } from './train-resume'
import { checkSettings, limitsOf, resolveSettings, type SettingOptions } from './train-settings'
import { type TrainingDescription, TrainingReport } from './training-report'

interface TrainCommandOptions extends SettingOptions, PartOptions {
  out?: string
  overwrite?: boolean
  keepClassifier?: boolean
  resume?: string
  device?: string
}

export function addTrainCommand(program: Command, run: RunCommand): void {
  const command = program
    .command('train')
    .summary('Trains a network on labelled videos.')
    .description(
      'Trains a network on labelled videos. What no option and no file says comes from the preset.',
    )
    .argument('[videos]', `${SOURCE_HELP}; not needed with --resume`)
    .option(
      '--architecture <name>',
      'c3d, depth-1, depth-3, depth-5, depth-7, increasing, decreasing, or a .json file (default: c3d)',
    )
    .option('--weights <file>', 'start from the weights of this model, with a new classifier for the classes')
    .option('--keep-classifier', 'with --weights: go on with its classifier, for the same classes')
    .option('--freeze <layers>', 'layers that are not trained, like conv1a,conv2a', toNames)
    .option(
      '--multi-label',
      'a video may have any number of classes (default: where some have several or none)',
    )
    .option('--no-multi-label', 'every video has one class')
    .option('--seed <number>', 'of weights, order, crops and split (default: 1)', toNumber)
    .option(
      '--out <folder>',
      'where config.json, metrics.jsonl, checkpoint and model go (default: runs/<date>_<time>)',
    )
    .option('--overwrite', 'write to a folder that holds a run already')
    .option('--resume <folder>', 'go on with the run of this folder, with its settings and its videos')
    .option('--checkpoint-steps <number>', 'keep a checkpoint also after so many steps', toNumber)
    .option('--tensorboard', 'write event files for TensorBoard (the default)')
    .option('--no-tensorboard', 'write none')
    .option('--patience <epochs>', 'stop when the validation has not improved for so many epochs', toNumber)
    .option('--max-steps <number>', 'stop after so many steps', toNumber)
    .option('--max-minutes <number>', 'stop after so many minutes', toNumber)
  command.addHelpText('after', () => `\n${presetHelp()}\n\n${EXAMPLES}`)
  addPartOptions(addSettingOptions(command))
  addCommonOptions(addDeviceOption(addSourceOptions(command))).action(
    (videos: string | undefined, options: TrainCommandOptions, self: Command) => {
      const { resume } = options
      if (resume !== undefined) return run(options, (session) => resumeCommand(videos, resume, self, session))
      if (videos === undefined) return self.error("error: missing required argument 'videos'")
      return run(options, (session) => trainCommand(videos, options, session))
    },
  )
}

const EXAMPLES = `Examples:
  c3d train videos --architecture depth-3 --out runs/first
  c3d train videos --architecture depth-3 --width-multiplier 0.25 --input-size 56
  c3d train videos --weights sports1m.safetensors --preset finetune-ucf101 --freeze conv1a,conv2a
  c3d train videos --config runs/first/config.json --epochs 60 --out runs/second
  c3d train --resume runs/first`

/** What the presets say of settings that have options. */
function presetHelp(): string {
  const recipes = presetNames.map((name) => presets[name])
  const row = (name: string, tell: (preset: Preset) => string | number) => [
    name,
    ...recipes.map(tell).map(String),
  ]
  return table([
    ['Presets:', ...presetNames.map((name) => (name === defaultPreset ? `${name} (default)` : name))],
    row('  epochs', ({ training }) => training.epochs),
    row('  most steps', ({ training }) => training.maxSteps ?? '-'),
    row('  batch size', ({ training }) => training.batchSize),
    row('  learning rate', ({ training }) => training.optimizer.learningRate),
    row('  schedule', ({ training }) => training.schedule.type),
    row('  weight decay', ({ training }) => training.optimizer.weightDecay),
    row('  precision', ({ training }) => training.precision),
    row('  sampling', ({ training }) => training.sampling.mode),
    row('  flip', ({ training }) => (training.sampling.flipProbability > 0 ? 'yes' : 'no')),
    row('  batch norm', ({ model }) => (model.batchNorm ? 'yes' : 'no')),
    row('  validation clips', ({ training }) => training.evaluation.clips),
  ])
}

async function trainCommand(videos: string, options: TrainCommandOptions, session: Session): Promise<void> {
  const { signal } = session
  const settings = await resolveSettings(options)
  const out = options.out ?? defaultRunFolder(new Date())
  const overwrite = options.overwrite ?? false
  // Counting the frames of a large data set takes minutes: what is wrong without it is told before.
  checkSettings(settings)
  // A run made again from its config.json gets its split again, too.
  const seed = settings.training.seed
  const partOptions = { ...options, ...(seed !== undefined && { seed }) }
  checkParts(partOptions)
  if (options.keepClassifier && options.weights === undefined)
    throw invalid('--keep-classifier', 'it is the classifier of the model that --weights names; give that')
  if (!overwrite) RunFolder.requireFree(out)

  const { training, validation } = await openParts(videos, partOptions, session)
  const multiLabel = settings.model.multiLabel ?? (training.multiLabel || (validation?.multiLabel ?? false))
  using model = await makeModel({ ...settings.model, multiLabel }, training.classes, options, signal)
  const { allowOverlap } = options
  const { maxSteps } = resolveTraining(settings.training, settings.model.preset ?? defaultPreset)
  const parts = { validation, allowOverlap, out, overwrite }
  const command = describeParts(videos, partOptions)
  const run = startTraining(model, training, { ...settings.training, ...parts }, { signal }, command)
  const described = describeTraining(model, { training, validation })
  await reportRun(run, described, out, maxSteps, session)
}

/** Goes on with a run: model and settings from its checkpoint, videos and their parting from its config.json. */
async function resumeCommand(
  videos: string | undefined,
  folder: string,
  self: Command,
  session: Session,
): Promise<void> {
  const options = self.opts<TrainCommandOptions>()
  requireResumable(self)
  const recorded = await readParts(folder)
  using model = await C3D.load(checkpointIn(folder), {
    ...(options.device !== undefined && { device: options.device }),
    signal: session.signal,
  })
  const { training, validation } = await openParts(videos ?? recorded.videos, recorded.options, session)
  const { epochs, cache } = options
  const { allowOverlap } = recorded.options
  const settings = { epochs, cache, ...limitsOf(options), validation, allowOverlap, resume: folder }
  const run = train(model, training, settings, { signal: session.signal })
  const described = describeTraining(model, { training, validation })
  await reportRun(run, described, folder, options.maxSteps, session)
}

function describeTraining(model: C3D, { training, validation }: Parts): TrainingDescription {
  const { parameters, macs } = model.summary()
  return {
    network: `${model.architecture.name}: ${short(parameters)} parameters, ${short(macs)} multiply-accumulates a clip${model.multiLabel ? ', multi-label' : ''}`,
    videos: `training on ${plural(training.videos.length, 'video')}, validation on ${plural(validation?.videos.length ?? 0, 'video')}`,
  }
}

async function reportRun(
  run: TrainingRun,
  description: TrainingDescription,
  out: string,
  maxSteps: number | undefined,
  { terminal }: Session,
): Promise<void> {
  const report = new TrainingReport(terminal, description, maxSteps)
  try {
    for await (const event of run) report.show(event)
  } catch (error) {
    if (isAborted(error) && existsSync(out))
      terminal.note(`The model as it is now is saved in ${out}. Go on with: c3d train --resume ${out}`)
    throw error
  }
}

/** A fresh one, or one whose weights, as a rule but for the classifier, come from a file. */
async function makeModel(
  { preprocessing, ...settings }: ModelSettings,
  classes: readonly string[],
  { weights, keepClassifier = false, device }: TrainCommandOptions,
  signal: AbortSignal,
): Promise<C3D> {
  const common = { ...(device !== undefined && { device }), signal }
  if (weights === undefined)
    return C3D.create({ ...settings, preprocessing, classes: [...classes], ...common })
  const { architecture, multiLabel, seed } = settings
  const classifier = keepClassifier ? {} : { classes: [...classes], multiLabel, seed, newClassifier: true }
  return C3D.load(weights, { architecture, preprocessing, ...classifier, ...common })
}
