import { type Command, Option } from 'commander'
import { type BackwardRule, backwardRules } from '../../config/explanation'
import { invalid } from '../../config/parse'
import { VideoDataset } from '../../dataset'
import type { Deconvolution } from '../../explanation/deconvolution'
import { saveDeconvolutions } from '../../explanation/draw'
import { type FilterActivations, topActivations } from '../../explanation/top-activations'
import { C3D } from '../../model'
import {
  addManifestOptions,
  progressOf,
  SOURCE_HELP,
  type SourceOptions,
  sourceSettings,
  tellDataset,
} from '../dataset'
import { addCommonOptions, addDeviceOption, toNumber } from '../options'
import type { CommonOptions, RunCommand } from '../program'
import type { Session } from '../session'
import { toNumbers } from '../svm/options'
import { table } from '../text'
import {
  addPictureOptions,
  type PictureCommandOptions,
  pictureSettings,
  requirePictureFiles,
} from './options'

interface DeconvolutionCommandOptions extends CommonOptions, SourceOptions, PictureCommandOptions {
  layer: string
  filters?: number[]
  count: number
  stride?: number
  rule?: BackwardRule
  batchSize?: number
  skipUnreadable?: boolean
  device?: string
}

/** Where none are named: as many rows as a picture holds well. */
const STRONGEST_FILTERS = 4
const CLIPS = 1

export function addDeconvolutionCommand(explain: Command, run: RunCommand): void {
  const command = explain
    .command('deconvolution')
    .summary('Draws to what in videos filters of a layer answer.')
    .description(
      'Looks for the clips to which filters of a layer answer most strongly, and draws them with what these filters see there, projected back to the pixels.',
    )
    .argument('<model>', 'a .safetensors file')
    .argument('<videos>', `a video, or a ${SOURCE_HELP}; labels are not needed`)
    .requiredOption('--layer <name>', 'a convolution, pool or linear layer')
    .option(
      '--filters <list>',
      'counted from 0, like 0,5,7 (default: the 4 that answer most strongly)',
      toNumbers,
    )
    .option('--count <clips>', 'clips of each filter, at most one a video', toNumber, CLIPS)
    .option('--stride <frames>', "from one clip's start to the next one's (default: 8)", toNumber)
    .addOption(new Option('--rule <name>', 'what a ReLU lets through on the way back').choices(backwardRules))
    .option('--batch-size <clips>', 'clips a forward pass', toNumber)
    .option('--skip-unreadable', 'leave out clips that cannot be read')
  addCommonOptions(addDeviceOption(addPictureOptions(addManifestOptions(command)))).action(
    (model: string, videos: string, options: DeconvolutionCommandOptions) =>
      run(options, (session) => deconvolutionCommand(model, videos, options, session)),
  )
}

async function deconvolutionCommand(
  file: string,
  videos: string,
  options: DeconvolutionCommandOptions,
  session: Session,
): Promise<void> {
  const { terminal, signal } = session
  requirePictureFiles(options)
  const { layer, filters, count, stride, rule, batchSize, device, out } = options
  using model = await C3D.load(file, { device, signal })
  const settings = { ...sourceSettings(options), ...progressOf(session) }
  using dataset = await VideoDataset.inspect(videos, settings)
  tellDataset(dataset, session)
  const all = await topActivations(model, dataset, {
    ...{ layer, count, stride, batchSize, signal },
    ...(options.skipUnreadable && { loader: { unreadable: 'skip' as const } }),
    onUnreadable: (unreadable) => {
      for (const { path: name, reason } of unreadable) terminal.note(`left out clips of ${name}: ${reason}`)
    },
    onProgress: ({ done, total }) => terminal.progress('clips', done, total),
  })
  const deconvolutions: Deconvolution[] = []
  for (const { filter, clips } of chosen(all, filters, layer))
    for (const { path, start } of clips) {
      const one = await model.deconvolve(path, { layer, filter, rule, start, signal })
      deconvolutions.push(one)
      const { clip: _, projection: __, ...about } = one
      terminal.emit({ type: 'deconvolution', ...about })
    }
  for (const picture of out) await saveDeconvolutions(picture, deconvolutions, pictureSettings(options))
  terminal.emit({ type: 'pictures', files: out })
  terminal.print(
    table([
      ['filter', 'activation', 'frames', 'video'],
      ...deconvolutions.map(({ filter, activation, start, end, video }) => [
        String(filter),
        activation.toPrecision(3),
        `${start} to ${end - 1}`,
        video,
      ]),
    ]),
  )
  terminal.print(out.join(', '))
}

/** Those that are asked for, or the strongest. */
function chosen(
  all: readonly FilterActivations[],
  filters: readonly number[] | undefined,
  layer: string,
): FilterActivations[] {
  const peak = ({ clips }: FilterActivations) => clips[0]?.activation ?? 0
  if (filters === undefined) return [...all].sort((a, b) => peak(b) - peak(a)).slice(0, STRONGEST_FILTERS)
  return filters.map((filter) => {
    const found = all[filter]
    if (found) return found
    throw invalid('--filters', `expected filters of ${layer} from 0 to ${all.length - 1}, got ${filter}`)
  })
}
