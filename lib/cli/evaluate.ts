import type { Command } from 'commander'
import type { EvaluateOptions } from '../config/scoring'
import { evaluate } from '../evaluation'
import { requireConfusionFile, saveConfusion } from '../evaluation/confusion-file'
import { resultsWriter, saveResults } from '../evaluation/results-file'
import {
  addSourceOptions,
  openDataset,
  openOfficialSplit,
  SOURCE_HELP,
  type SourceOptions,
  tellDataset,
} from './dataset'
import { evaluationReport } from './evaluation-report'
import { addFusionOptions, append, type FusionOptions, Models } from './fusion'
import {
  addCommonOptions,
  addDeviceOption,
  aggregateOption,
  precisionOption,
  thresholdOption,
  toClips,
  toNumber,
} from './options'
import type { CommonOptions, RunCommand } from './program'
import type { Session } from './session'

interface EvaluateCommandOptions extends CommonOptions, SourceOptions, FusionOptions {
  clips?: EvaluateOptions['clips']
  crops?: number
  batchSize?: number
  aggregate?: EvaluateOptions['aggregate']
  precision?: EvaluateOptions['precision']
  threshold?: number
  confusion?: string[]
  details?: string[]
}

export function addEvaluateCommand(program: Command, run: RunCommand): void {
  const command = program
    .command('evaluate')
    .description('Measures a trained model on labelled videos.')
    .argument('<model>', 'a .safetensors file')
    .argument('<videos>', `${SOURCE_HELP}; the classes are those of the model, or some of them`)
    .option('--clips <number>', "clips of a video, evenly spread, or 'all' that do not overlap", toClips)
    .option('--crops <number>', 'windows of a clip that are averaged: 1, 3 or 10', toNumber)
    .option('--batch-size <clips>', 'clips a forward pass', toNumber)
    .addOption(precisionOption())
    .addOption(aggregateOption())
    .addOption(thresholdOption())
    .option(
      '--confusion <file>',
      'write the confusion matrix: .csv, .svg or .png; may be given several times',
      append,
    )
    .option(
      '--details <file>',
      'write the answer for every video: .jsonl or .csv; may be given twice',
      append,
    )
    .option('--allow-overlap', 'accept official lists that test on what they train on')
  addCommonOptions(addDeviceOption(addFusionOptions(addSourceOptions(command)))).action(
    (model: string, videos: string, options: EvaluateCommandOptions) =>
      run(options, (session) => evaluateCommand(model, videos, options, session)),
  )
}

async function evaluateCommand(
  file: string,
  videos: string,
  options: EvaluateCommandOptions,
  session: Session,
): Promise<void> {
  const { terminal, signal } = session
  const { clips, batchSize, aggregate, precision, threshold, weights, confusion = [], details = [] } = options
  // A wrong ending shall not be told after hours of computing.
  for (const target of confusion) await requireConfusionFile(target, { multiLabel: false })
  details.forEach(resultsWriter)
  using models = await Models.load(file, options, session)
  for (const target of confusion) await requireConfusionFile(target, models.first)
  const known = { knownClasses: models.first.classes }
  const official = await openOfficialSplit(videos, options, session, known)
  using dataset = official?.test ?? (await openDataset(videos, options, session, known))
  if (official) tellDataset(dataset, session)
  const settings: EvaluateOptions = {
    clips,
    crops: options.crops as EvaluateOptions['crops'],
    batchSize,
    aggregate,
    precision,
    threshold,
    details: details.length > 0,
    signal,
    onProgress: ({ done, total }) => terminal.progress('clips', done, total),
  }
  const { results, ...evaluation } =
    models.all.length === 1
      ? await evaluate(models.first, dataset, settings)
      : await evaluate(models.all, dataset, { ...settings, weights })
  for (const target of confusion) await saveConfusion(target, evaluation)
  for (const target of details) await saveResults(target, results ?? [])
  terminal.emit({ type: 'evaluation', classes: models.first.classes, ...evaluation })
  terminal.print(evaluationReport(evaluation, [file, ...(options.with ?? [])]))
}
