import { type Command, Option } from 'commander'
import { invalid } from '../../config/parse'
import { evaluateSplits } from '../../cross-validation'
import { officialParts } from '../../linear/official-splits'
import { addCommonOptions } from '../options'
import type { CommonOptions, RunCommand } from '../program'
import type { Session } from '../session'
import { plural } from '../text'
import { requireDimensions } from './cross-validate'
import {
  addFeatureOptions,
  addFitOptions,
  FEATURES_HELP,
  type FeatureOptions,
  type FitOptions,
  fitSettings,
  openFeatures,
  toNumbers,
} from './options'
import { evaluationTable, partsTable, writeDimensionChart } from './report'

interface SplitsCommandOptions extends CommonOptions, FeatureOptions, FitOptions {
  ucf101Lists?: string
  hmdb51Lists?: string
  splits: number[]
  dimensions?: number[]
  chart?: string
}

export function addSvmSplitsCommand(svm: Command, run: RunCommand): void {
  const command = svm
    .command('splits')
    .description('Trains and tests on the official splits of UCF101 or HMDB51, and tells their mean.')
    .argument('<features>', `${FEATURES_HELP}, of the whole data set`)
    .addOption(
      new Option('--ucf101-lists <folder>', 'classInd.txt, trainlist01.txt, …').conflicts('hmdb51Lists'),
    )
    .option('--hmdb51-lists <folder>', '<class>_test_split1.txt, …')
    .option('--splits <list>', 'numbers of the splits', toNumbers, [1, 2, 3])
    .option(
      '--dimensions <list>',
      'reduce to so many principal components too, like 10,50,100,500',
      toNumbers,
    )
    .option('--chart <file>', 'write the accuracy by number of principal components, an .svg file')
  addCommonOptions(addFitOptions(addFeatureOptions(command))).action(
    (file: string, options: SplitsCommandOptions) =>
      run(options, (session) => splitsCommand(file, options, session)),
  )
}

async function splitsCommand(
  file: string,
  options: SplitsCommandOptions,
  { terminal, signal }: Session,
): Promise<void> {
  const { ucf101Lists, hmdb51Lists, splits, dimensions, chart } = options
  const lists = ucf101Lists ?? hmdb51Lists
  if (lists === undefined) throw invalid('svm splits', 'expected --ucf101-lists or --hmdb51-lists')
  requireDimensions(chart, dimensions)
  const features = await openFeatures(file, options)
  const dataset = ucf101Lists === undefined ? 'hmdb51' : 'ucf101'
  const { parts, missing } = await officialParts(features, dataset, lists, splits)
  for (const [i, names] of missing.entries())
    if (names.length > 0)
      terminal.note(
        `split ${splits[i]}: no features of ${plural(names.length, 'listed video')}, the first: ${names[0]}`,
      )
  const evaluation = await evaluateSplits(features, parts, {
    ...fitSettings(options),
    dimensions,
    signal,
    onProgress: ({ done, total }) => terminal.progress('fits', done, total),
  })
  if (chart !== undefined) await writeDimensionChart(chart, features.layer, evaluation)
  terminal.emit({ type: 'splits', splits, classes: features.classes, missing, ...evaluation })
  terminal.print(`${partsTable(evaluation, 'split')}\n`)
  terminal.print(evaluationTable(evaluation))
}
