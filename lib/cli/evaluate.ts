import type { Command } from 'commander'
import type { EvaluateOptions } from '../config/scoring'
import { type Evaluation, evaluate } from '../evaluation'
import { C3D } from '../model'
import {
  addSourceOptions,
  openDataset,
  openOfficialSplit,
  SOURCE_HELP,
  type SourceOptions,
  tellDataset,
} from './dataset'
import { addCommonOptions, addDeviceOption, toClips, toNumber } from './options'
import type { CommonOptions, RunCommand } from './program'
import type { Session } from './session'
import { percent, plural, table } from './text'

interface EvaluateCommandOptions extends CommonOptions, SourceOptions {
  clips?: EvaluateOptions['clips']
  crops?: number
  batchSize?: number
  device?: string
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
    .option('--allow-overlap', 'accept official lists that test on what they train on')
  addCommonOptions(addDeviceOption(addSourceOptions(command))).action(
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
  const { clips, batchSize, device } = options
  const crops = options.crops as EvaluateOptions['crops']
  using model = await C3D.load(file, { device, signal })
  const official = await openOfficialSplit(videos, options, session)
  using dataset = official?.test ?? (await openDataset(videos, options, session))
  if (official) tellDataset(dataset, session)
  const evaluation = await evaluate(model, dataset, {
    clips,
    crops,
    batchSize,
    signal,
    onProgress: ({ done, total }) => terminal.progress('clips', done, total),
  })
  terminal.emit({ type: 'evaluation', classes: model.classes, ...evaluation })
  terminal.print(summary(evaluation, model.classes))
}

function summary(evaluation: Evaluation, classes: readonly string[]): string {
  const { loss, clipTop1, clipTop5, videoTop1, videoTop5, clips, videos } = evaluation
  return [
    table([
      ['', 'top 1', 'top 5'],
      [plural(clips, 'clip'), percent(clipTop1), percent(clipTop5)],
      [plural(videos, 'video'), percent(videoTop1), percent(videoTop5)],
    ]),
    `loss ${loss.toFixed(3)}`,
    '',
    table([
      ['class', 'videos', 'right', 'most often mistaken for'],
      ...evaluation.perClass.map(({ label, videos: count, videoTop1: right }, i) => [
        label,
        String(count),
        right === null ? '' : percent(right),
        mistakenFor(evaluation.confusion[i] ?? [], i, classes),
      ]),
    ]),
  ].join('\n')
}

function mistakenFor(answers: readonly number[], label: number, classes: readonly string[]): string {
  const mistakes = answers.map((count, answer) => (answer === label ? 0 : count))
  const most = Math.max(...mistakes)
  return most === 0 ? '' : `${classes[mistakes.indexOf(most)]} (${most})`
}
