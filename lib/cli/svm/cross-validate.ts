import type { Command } from 'commander'
import { crossValidate } from '../../cross-validation'
import type { RunCommand } from '../program'
import type { Session } from '../session'
import {
  addEvaluationOptions,
  type EvaluationOptions,
  FEATURES_HELP,
  fitSettings,
  openFeatures,
  requireDimensions,
  toFolds,
} from './options'
import { evaluationTable, MOST_PARTS_SHOWN, partsTable, writeDimensionChart } from './report'

interface CrossValidateOptions extends EvaluationOptions {
  folds?: number | 'leave-one-out'
  grouped: boolean
}

export function addSvmCrossValidateCommand(svm: Command, run: RunCommand): void {
  const command = svm
    .command('cross-validate')
    .description(
      'Says how well support vector machines on features do on videos that they were not fitted on; C is chosen anew in each fold, on its training rows.',
    )
    .argument('<features>', FEATURES_HELP)
    .option('--folds <number>', "or 'leave-one-out' (default: 5)", toFolds)
    .option('--no-grouped', 'let rows of one group, such as cuts of one recording, part')
  addEvaluationOptions(command).action((file: string, options: CrossValidateOptions) =>
    run(options, (session) => crossValidateCommand(file, options, session)),
  )
}

async function crossValidateCommand(
  file: string,
  options: CrossValidateOptions,
  { terminal, signal }: Session,
): Promise<void> {
  const { folds, grouped, dimensions, chart } = options
  requireDimensions(options)
  const features = await openFeatures(file, options)
  const evaluation = await crossValidate(features, {
    ...fitSettings(options),
    folds,
    grouped,
    dimensions,
    signal,
    onProgress: ({ done, total }) => terminal.progress('fits', done, total),
  })
  if (chart !== undefined) await writeDimensionChart(chart, features.layer, evaluation)
  terminal.emit({ type: 'cross-validation', classes: features.classes, ...evaluation })
  if (evaluation.parts.length <= MOST_PARTS_SHOWN) terminal.print(`${partsTable(evaluation, 'fold')}\n`)
  terminal.print(evaluationTable(evaluation))
}
