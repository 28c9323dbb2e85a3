import { type Command, InvalidArgumentError, Option } from 'commander'
import { type ArchitectureInput, defaultClassCount, depthNetworks } from '../config/architectures'
import { defaultPreset } from '../config/presets'
import { readJson } from '../config/run-file'
import { defaultStudyFolder } from '../config/run-folder'
import { type Match, matches, type StudyOptions } from '../config/study'
import { C3DError, isAborted } from '../native/errors'
import { resolveStudy, study } from '../study'
import { addSourceOptions, SOURCE_HELP } from './dataset'
import { addCommonOptions, addDeviceOption, toNames, toNumber } from './options'
import { addPartOptions, checkParts, openParts } from './parts'
import type { RunCommand } from './program'
import type { Session } from './session'
import { addSettingOptions } from './setting-options'
import { StudyReport } from './study-report'
import type { PartOptions } from './train-resume'
import { networkChanges, resolveSettings, type SettingOptions } from './train-settings'

interface StudyCommandOptions extends SettingOptions, PartOptions {
  nets?: string[]
  match?: Match
  seeds?: number
  pairs?: [string, string][]
  out?: string
  overwrite?: boolean
  device?: string
}

export function addStudyCommand(program: Command, run: RunCommand): void {
  const command = program
    .command('study')
    .summary('Compares networks of different kernel depth (section 3.2).')
    .description(
      'Trains networks of different kernel depth with one recipe, on one split, with the same seeds and clips, and compares them, as section 3.2 of the paper does. The same command goes on with a study that was stopped or killed.',
    )
    .argument('<videos>', SOURCE_HELP)
    .option(
      '--nets <list>',
      `networks by name, or .json files, with commas between (default: ${depthNetworks.join(',')})`,
      toNames,
    )
    .option('--seeds <number>', 'trainings of each network, with the seeds 1, 2, … (default: 3)', toNumber)
    .addOption(
      new Option('--match <what>', 'scale widths until all have as much of it as depth-3').choices(matches),
    )
    .option(
      '--pairs <list>',
      'classes that are told from each other in the results too, like sit:stand,left:right (default: reverse motions)',
      toPairs,
    )
    .option('--seed <number>', 'of the split (default: 1)', toNumber)
    .option('--out <folder>', `where everything goes (default: ${defaultStudyFolder})`)
    .option('--overwrite', 'lose another study that is in that folder')
  command.addHelpText('after', `\n${EXAMPLES}`)
  addPartOptions(addSettingOptions(command))
  addCommonOptions(addDeviceOption(addSourceOptions(command))).action(
    (videos: string, options: StudyCommandOptions) =>
      run(options, (session) => studyCommand(videos, options, session)),
  )
}

const EXAMPLES = `Examples:
  c3d study videos --preset paper-section-3 --out runs/section-3.2
  c3d study videos --nets depth-1,depth-3 --width-multiplier 0.25 --input-size 56 --seeds 1
  c3d study videos --match parameters --out runs/matched
  c3d study videos --spatial-kernel 5 --input-size 320x240 --resize 320x240`

async function studyCommand(videos: string, options: StudyCommandOptions, session: Session): Promise<void> {
  checkParts(options)
  const out = options.out ?? defaultStudyFolder
  const settings = await studySettings(options)
  // Counting the frames of a large data set takes minutes: what is wrong without it is told before.
  resolveStudy(
    { ...settings, out },
    Array.from({ length: defaultClassCount }, (_, i) => String(i)),
  )
  const { training, validation } = await openParts(videos, options, session)
  if (!validation)
    throw new C3DError(
      'C3D_INVALID_CONFIG',
      'A study compares by the validation: leave --validation none out.',
    )
  const { allowOverlap } = options
  const run = study(training, { ...settings, validation, allowOverlap, out }, { signal: session.signal })
  const report = new StudyReport(session.terminal)
  try {
    for await (const event of run) report.show(event)
  } catch (error) {
    if (isAborted(error)) session.terminal.note(`What is done is kept in ${out}; the same command goes on.`)
    throw error
  }
}

/** Options that are about the networks or the split, and so no part of the recipe. */
const NO_RECIPE = new Set('seed frames inputSize widthMultiplier spatialKernel batchNorm dropout'.split(' '))

/** All but the videos and the folder. Of a --config file, the recipe and the preprocessing are taken. */
async function studySettings(options: StudyCommandOptions): Promise<Omit<StudyOptions, 'out'>> {
  const { nets, match, seeds, pairs, overwrite, device } = options
  const recipeOptions = Object.entries(options).filter(([name]) => !NO_RECIPE.has(name))
  const { model, training } = await resolveSettings(Object.fromEntries(recipeOptions))
  const { seed: _, preset = model.preset ?? defaultPreset, ...recipe } = training
  return {
    nets: nets && (await Promise.all(nets.map(readNet))),
    network: networkChanges(options),
    match,
    seeds,
    preset,
    initializer: model.initializer,
    preprocessing: model.preprocessing,
    training: recipe,
    pairs,
    device,
    overwrite,
  }
}

async function readNet(name: string): Promise<ArchitectureInput> {
  return name.endsWith('.json') ? ((await readJson(name)) as ArchitectureInput) : (name as ArchitectureInput)
}

/** 'left:right,up:down' */
function toPairs(text: string): [string, string][] {
  return text.split(',').map((pair) => {
    const [a, b, ...more] = pair.split(':').map((name) => name.trim())
    if (!a || !b || more.length > 0)
      throw new InvalidArgumentError("Expected pairs of classes like 'sit:stand,left:right'.")
    return [a, b]
  })
}
