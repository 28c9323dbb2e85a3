import type { Command } from 'commander'
import { LinearSvm } from '../../linear-svm'
import type { RunCommand } from '../program'
import type { Session } from '../session'
import { percent, plural, table } from '../text'
import {
  addFitCommandOptions,
  FEATURES_HELP,
  type FitCommandOptions,
  fitSettings,
  openFeatures,
} from './options'

interface TrainCommandOptions extends FitCommandOptions {
  out: string
}

export function addSvmTrainCommand(svm: Command, run: RunCommand): void {
  const command = svm
    .command('train')
    .description('Fits a support vector machine for each class on labelled features.')
    .argument('<features>', FEATURES_HELP)
    .requiredOption('--out <file>', 'where the machines go, a .safetensors file')
  addFitCommandOptions(command).action((file: string, options: TrainCommandOptions) =>
    run(options, (session) => trainCommand(file, options, session)),
  )
}

async function trainCommand(
  file: string,
  options: TrainCommandOptions,
  { terminal, signal }: Session,
): Promise<void> {
  const features = await openFeatures(file, options)
  const svm = await LinearSvm.fit(features, { ...fitSettings(options), signal })
  await svm.save(options.out)
  const { cost, selection, fit, classes, dimensions } = svm
  terminal.emit({ type: 'svm', file: options.out, cost, selection, fit })
  if (selection.length > 0)
    terminal.print(
      table([['C', 'accuracy'], ...selection.map((score) => [String(score.cost), percent(score.accuracy)])]),
    )
  terminal.print(
    `C ${cost}: ${plural(classes.length, 'machine')} of ${plural(dimensions, 'dimension')} from ${plural(features.rows.length, 'row')}: ${options.out}`,
  )
}
