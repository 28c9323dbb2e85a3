import type { Command } from 'commander'
import { invalid } from '../../config/parse'
import { crossValidate } from '../../cross-validation'
import { addCommonOptions } from '../options'
import type { CommonOptions, RunCommand } from '../program'
import type { Session } from '../session'
import {
  addFeatureOptions,
  addFitOptions,
  FEATURES_HELP,
  type FeatureOptions,
  type FitOptions,
  fitSettings,
  openFeatures,
  toFolds,
  toNumbers,
} from './options'
import { evaluationTable, MOST_PARTS_SHOWN, partsTable, writeDimensionChart } from './report'

interface CrossValidateOptions extends CommonOptions, FeatureOptions, FitOptions {
  folds?: number | 'leave-one-out'
  grouped: boolean
  dimensions?: number[]
  chart?: string
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
    .option(
      '--dimensions <list>',
      'reduce to so many principal components too, like 10,50,100,500 (Fig. 5 of the paper)',
      toNumbers,
    )
    .option('--chart <file>', 'write the accuracy by number of principal components, an .svg file')
  addCommonOptions(addFitOptions(addFeatureOptions(command))).action(
    (file: string, options: CrossValidateOptions) =>
      run(options, (session) => crossValidateCommand(file, options, session)),
  )
}

async function crossValidateCommand(
  file: string,
  options: CrossValidateOptions,
  { terminal, signal }: Session,
): Promise<void> {
  const { folds, grouped, dimensions, chart } = options
  requireDimensions(chart, dimensions)
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

/** A chart of no points is a mistake. */
export function requireDimensions(chart: string | undefined, dimensions: number[] | undefined): void {
  if (chart !== undefined && !dimensions?.length)
    throw invalid('--chart', 'expected --dimensions too, which the chart shows')
}
