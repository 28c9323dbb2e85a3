import { type Command, Option } from 'commander'
import { invalid } from '../../config/parse'
import { evaluateSplits } from '../../cross-validation'
import { officialParts } from '../../linear/official-splits'
import type { RunCommand } from '../program'
import type { Session } from '../session'
import { plural } from '../text'
import {
  addEvaluationOptions,
  type EvaluationOptions,
  FEATURES_HELP,
  fitSettings,
  openFeatures,
  requireDimensions,
  toNumbers,
} from './options'
import { evaluationTable, partsTable, writeDimensionChart } from './report'

interface SplitsCommandOptions extends EvaluationOptions {
  ucf101Lists?: string
  hmdb51Lists?: string
  splits: number[]
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
  addEvaluationOptions(command).action((file: string, options: SplitsCommandOptions) =>
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
  requireDimensions(options)
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
