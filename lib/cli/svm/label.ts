import type { Command } from 'commander'
import { featureFormat, loadFeatures, saveFeatures } from '../../features/feature-file'
import { labelClips, readFrameLabels } from '../../features/label-clips'
import { addCommonOptions, toNumber } from '../options'
import type { CommonOptions, RunCommand } from '../program'
import type { Session } from '../session'
import { plural } from '../text'
import { FEATURES_HELP } from './options'

interface LabelCommandOptions extends CommonOptions {
  out: string
  atLeast?: number
}

export function addSvmLabelCommand(svm: Command, run: RunCommand): void {
  const command = svm
    .command('label')
    .description(
      'Gives features of clips the label that most of their frames have, and leaves out the others.',
    )
    .argument('<features>', `${FEATURES_HELP} --per clip`)
    .argument('<labels>', 'a .csv file with the columns path, start, end (behind the last frame) and label')
    .requiredOption('--out <file>', 'where the labelled features go')
    .option('--at-least <frames>', 'frames that must have the label (default: 8)', toNumber)
  addCommonOptions(command).action((features: string, labels: string, options: LabelCommandOptions) =>
    run(options, (session) => labelCommand(features, labels, options, session)),
  )
}

async function labelCommand(
  file: string,
  labelFile: string,
  { out, atLeast }: LabelCommandOptions,
  { terminal }: Session,
): Promise<void> {
  featureFormat(out)
  const features = await loadFeatures(file)
  const labelled = labelClips(features, await readFrameLabels(labelFile), { atLeast })
  await saveFeatures(out, labelled)
  const { rows, classes } = labelled
  const leftOut = features.rows.length - rows.length
  terminal.emit({ type: 'labelled', file: out, rows: rows.length, leftOut, classes })
  terminal.print(
    `${plural(rows.length, 'clip')} of ${plural(classes.length, 'class')}, ${leftOut} left out: ${out}`,
  )
}
