import type { Command } from 'commander'
import { answersWriter, saveAnswers } from '../../linear/answers-file'
import { LinearSvm } from '../../linear-svm'
import { addCommonOptions } from '../options'
import type { CommonOptions, RunCommand } from '../program'
import type { Session } from '../session'
import { percent, plural } from '../text'
import { addFeatureOptions, FEATURES_HELP, type FeatureOptions, openFeatures } from './options'

interface PredictCommandOptions extends CommonOptions, FeatureOptions {
  out?: string
}

export function addSvmPredictCommand(svm: Command, run: RunCommand): void {
  const command = svm
    .command('predict')
    .description('Says what class features are of, and how many are right where their class is known.')
    .argument('<machines>', 'a file of c3d svm train')
    .argument('<features>', FEATURES_HELP)
    .option('--out <file>', 'write the answers with all decision values: .jsonl or .csv')
  addCommonOptions(addFeatureOptions(command)).action(
    (machines: string, file: string, options: PredictCommandOptions) =>
      run(options, (session) => predictCommand(machines, file, options, session)),
  )
}

async function predictCommand(
  machines: string,
  file: string,
  options: PredictCommandOptions,
  { terminal, signal }: Session,
): Promise<void> {
  if (options.out !== undefined) answersWriter(options.out)
  const svm = await LinearSvm.load(machines)
  const features = await openFeatures(file, options)
  const { data } = await svm.decisions(features, { signal })
  const count = svm.classes.length
  const answers = features.rows.map((row, i) => {
    const values = data.subarray(i * count, (i + 1) * count)
    const answer = svm.classes[values.indexOf(Math.max(...values))] ?? ''
    return { ...row, answer, decisions: Array.from(values) }
  })
  if (options.out !== undefined) await saveAnswers(options.out, answers, svm.classes)
  const known = answers.filter(({ label, labels }) => label !== '' && !labels)
  const right = known.filter(({ label, answer }) => label === answer).length
  for (const { path, label, start, end, answer, decisions } of answers) {
    terminal.emit({ type: 'answer', path, label, start, end, answer, decisions })
    if (options.out === undefined)
      terminal.print(`${path}${start === undefined ? '' : ` ${start}`}: ${answer}`)
  }
  const accuracy = known.length === 0 ? null : right / known.length
  terminal.emit({ type: 'accuracy', rows: answers.length, labelled: known.length, right, accuracy })
  if (accuracy !== null)
    terminal.print(`${right} of ${plural(known.length, 'labelled row')} right: ${percent(accuracy)}`)
}
