import { existsSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { splitSchema } from '../config/dataset'
import { wholeNumber } from '../config/fields'
import type { ModelSettings } from '../config/model'
import { parse } from '../config/parse'
import { defaultPreset, type Preset, presetNames, presets } from '../config/presets'
import { defaultRunFolder } from '../config/run-folder'
import { samplingModes } from '../config/sampling'
import type { VideoDataset } from '../dataset'
import { C3D } from '../model'
import { C3DError, isAborted } from '../native/errors'
import { startTraining, train } from '../training'
import { checkpointIn, RunFolder } from '../training/run-folder'
import type { TrainingRun } from '../training/training-run'
import { addSourceOptions, openDataset, openOfficialSplit, SOURCE_HELP, tellDataset } from './dataset'
import {
  addCommonOptions,
  addDeviceOption,
  cacheOption,
  presetOption,
  toClips,
  toNames,
  toNumber,
  toSize,
} from './options'
import type { RunCommand } from './program'
import type { Session } from './session'
import { plural, short, table } from './text'
import { describeParts, type PartOptions, readParts, requireResumable } from './train-resume'
import { checkSettings, limitsOf, resolveSettings, type SettingOptions } from './train-settings'
import { TrainingReport } from './training-report'

interface TrainCommandOptions extends SettingOptions, PartOptions {
  out?: string
  overwrite?: boolean
  resume?: string
  weights?: string
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
    .option('--freeze <layers>', 'layers that are not trained, like conv1a,conv2a', toNames)
    .addOption(presetOption())
    .option('--config <file>', 'settings as JSON, e.g. the config.json of a run; options win over it')
    .option('--epochs <number>', 'times that the data is seen', toNumber)
    .option('--batch-size <clips>', 'clips a step', toNumber)
    .option('--learning-rate <number>', 'at the start', toNumber)
    .option('--weight-decay <number>', 'pull of the weights towards 0', toNumber)
    .addOption(
      new Option('--sampling <mode>', 'which clips of a video an epoch shows').choices(samplingModes),
    )
    .option('--clips-per-video <number>', 'for random and uniform sampling', toNumber)
    .addOption(cacheOption())
    .option('--flip', 'mirror half of the training clips')
    .option('--no-flip', 'mirror none: where left and right matter')
    .option('--mixup <alpha>', 'mix clips with each other: weighted means; 0: none', toNumber)
    .option('--cutmix <alpha>', 'mix clips with each other: a box of another clip; 0: none', toNumber)
    .option('--seed <number>', 'of weights, order, crops and split (default: 1)', toNumber)
    .option('--frames <number>', 'frames of a clip (default: 16)', toNumber)
    .option(
      '--input-size <pixels>',
      "of a clip's frames, like 112 or 128x112 (width x height; default: 112)",
      toSize,
    )
    .option(
      '--temporal-stride <number>',
      'frames of the video from one frame of a clip to the next',
      toNumber,
    )
    .option('--width-multiplier <number>', 'makes every layer wider or narrower', toNumber)
    .option(
      '--multi-label',
      'a video may have any number of classes (default: where some have several or none)',
    )
    .option('--no-multi-label', 'every video has one class')
    .option('--batch-norm', 'batch norm behind every convolution')
    .option('--no-batch-norm', 'behind none')
    .option('--dropout <number>', 'behind fc6 and fc7', toNumber)
    .option(
      '--validation <part>',
      "fraction of the videos, other videos like the first, or 'none' (default: 0.2)",
    )
    .option('--validation-split <name>', "value of the manifest's split column to validate on")
    .option('--allow-overlap', 'validate on videos, pictures or groups that are trained on, too')
    .option('--validation-clips <number>', "clips of a video in validation, or 'all'", toClips)
    .option('--limit <videos>', 'train on so many videos only, spread over the classes', toNumber)
    .option(
      '--out <folder>',
      'where config.json, metrics.jsonl, checkpoint and model go (default: runs/<date>_<time>)',
    )
    .option('--overwrite', 'write to a folder that holds a run already')
    .option('--resume <folder>', 'go on with the run of this folder, with its settings and its videos')
    .option('--checkpoint-steps <number>', 'keep a checkpoint also after so many steps', toNumber)
    .option('--patience <epochs>', 'stop when the validation has not improved for so many epochs', toNumber)
    .option('--max-steps <number>', 'stop after so many steps', toNumber)
    .option('--max-minutes <number>', 'stop after so many minutes', toNumber)
  command.addHelpText('after', () => `\n${presetHelp()}\n\n${EXAMPLES}`)
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
    row('  batch size', ({ training }) => training.batchSize),
    row('  learning rate', ({ training }) => training.optimizer.learningRate),
    row('  schedule', ({ training }) => training.schedule.type),
    row('  weight decay', ({ training }) => training.optimizer.weightDecay),
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
  if (!overwrite) RunFolder.requireFree(out)

  const { training, validation } = await openParts(videos, partOptions, session)
  const multiLabel = settings.model.multiLabel ?? (training.multiLabel || (validation?.multiLabel ?? false))
  using model = await makeModel({ ...settings.model, multiLabel }, training.classes, options, signal)
  tellTraining(model, { training, validation }, session)
  const { allowOverlap } = options
  const parts = { validation, allowOverlap, out, overwrite }
  const command = describeParts(videos, partOptions)
  const run = startTraining(model, training, { ...settings.training, ...parts }, { signal }, command)
  await reportRun(run, out, session)
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
  tellTraining(model, { training, validation }, session)
  const { epochs, cache } = options
  const { allowOverlap } = recorded.options
  const settings = { epochs, cache, ...limitsOf(options), validation, allowOverlap, resume: folder }
  const run = train(model, training, settings, { signal: session.signal })
  await reportRun(run, folder, session)
}

function tellTraining(model: C3D, { training, validation }: Parts, { terminal }: Session): void {
  const { parameters, macs } = model.summary()
  terminal.note(
    `${model.architecture.name}: ${short(parameters)} parameters, ${short(macs)} multiply-accumulates a clip, on ${model.device}`,
  )
  if (model.multiLabel) terminal.note('multi-label: a video may have any number of the classes')
  terminal.note(
    `training on ${plural(training.videos.length, 'video')}, validation on ${plural(validation?.videos.length ?? 0, 'video')}`,
  )
}

async function reportRun(run: TrainingRun, out: string, { terminal }: Session): Promise<void> {
  const report = new TrainingReport(terminal)
  try {
    for await (const event of run) report.show(event)
  } catch (error) {
    if (isAborted(error) && existsSync(out))
      terminal.note(`The model as it is now is saved in ${out}. Go on with: c3d train --resume ${out}`)
    throw error
  }
}

/** Throws where --limit, --validation and --seed cannot be meant, whatever the videos are. */
/** A fresh one, or one whose weights but for the classifier come from a file. */
async function makeModel(
  { preprocessing, ...settings }: ModelSettings,
  classes: readonly string[],
  { weights, device }: TrainCommandOptions,
  signal: AbortSignal,
): Promise<C3D> {
  const common = { classes: [...classes], ...(device !== undefined && { device }), signal }
  if (weights === undefined) return C3D.create({ ...settings, preprocessing, ...common })
  const { architecture, multiLabel, seed } = settings
  return C3D.load(weights, { architecture, preprocessing, multiLabel, seed, newClassifier: true, ...common })
}

function checkParts({ limit, validation, seed }: PartOptions): void {
  if (limit !== undefined) parse(wholeNumber({ atLeast: 1 }), limit, '--limit')
  if (validation === undefined || isNone(validation)) return
  const fraction = Number(validation)
  if (!Number.isNaN(fraction)) parse(splitSchema, { validation: fraction, seed }, 'split')
  else if (!existsSync(validation))
    throw new C3DError(
      'C3D_FILE_NOT_FOUND',
      `'${validation}', given as --validation, is not there. Expected a fraction like 0.2, other videos, or 'none'.`,
    )
}

function isNone(validation: string): boolean {
  return validation === 'none' || validation === '0'
}

interface Parts {
  training: VideoDataset
  validation: VideoDataset | undefined
}

async function openParts(videos: string, options: PartOptions, session: Session): Promise<Parts> {
  const official = await openOfficialSplit(videos, options, session)
  if (official) for (const part of [official.training, official.test]) tellDataset(part, session)
  const { training, validation } =
    official && options.validation === undefined
      ? { training: official.training, validation: official.test }
      : await chooseParts(videos, official?.training, options, session)
  return { training: options.limit === undefined ? training : limited(training, options.limit), validation }
}

async function chooseParts(
  videos: string,
  official: VideoDataset | undefined,
  options: PartOptions,
  session: Session,
): Promise<Parts> {
  const { validation, validationSplit, seed } = options
  const dataset = official ?? (await openDataset(videos, options, session))
  if (validationSplit !== undefined) {
    const source = validation ?? videos
    return {
      training: dataset,
      validation: await openDataset(source, { ...options, split: validationSplit }, session),
    }
  }
  if (validation !== undefined && isNone(validation)) return { training: dataset, validation: undefined }
  const fraction = validation === undefined ? undefined : Number(validation)
  if (validation === undefined || !Number.isNaN(fraction))
    return dataset.split({ validation: fraction, seed })
  // The split column is the first manifest's; a second one is another part already.
  const { split: _, ...others } = options
  return { training: dataset, validation: await openDataset(validation, others, session) }
}

/** The first `count` videos when the classes take turns, so that as many classes as possible are among them. */
function limited(dataset: VideoDataset, count: number): VideoDataset {
  const seen = new Map<string, number>()
  const turns = dataset.videos.map((video, place) => {
    const turn = seen.get(video.label) ?? 0
    seen.set(video.label, turn + 1)
    return { turn, place }
  })
  const kept = new Set(
    turns
      .sort((a, b) => a.turn - b.turn || a.place - b.place)
      .slice(0, count)
      .map(({ place }) => place),
  )
  return dataset.subset((_, place) => kept.has(place))
}
