import type { Command } from 'commander'
import { loadFeatures } from '../../features/feature-file'
import { evaluateSimilarity, readPairs } from '../../similarity'
import { addCommonOptions } from '../options'
import type { CommonOptions, RunCommand } from '../program'
import type { Session } from '../session'
import { percent, table } from '../text'
import { addFitOptions, FEATURES_HELP, type FitOptions, fitSettings } from './options'

interface SimilarityOptions extends CommonOptions, FitOptions {}

export function addSvmSimilarityCommand(svm: Command, run: RunCommand): void {
  const command = svm
    .command('similarity')
    .description(
      'Says how well pairs of videos of the same action are told from others, by twelve distances between their features (ASLAN).',
    )
    .argument('<pairs>', 'a .csv file with the columns first, second, same (1 or 0) and fold')
    .argument(
      '<features...>',
      `${FEATURES_HELP}, without negative values; the paper takes prob, fc7, fc6 and pool5`,
    )
  addCommonOptions(addFitOptions(command)).action(
    (pairs: string, files: string[], options: SimilarityOptions) =>
      run(options, (session) => similarityCommand(pairs, files, options, session)),
  )
}

async function similarityCommand(
  pairFile: string,
  files: string[],
  options: SimilarityOptions,
  { terminal, signal }: Session,
): Promise<void> {
  const pairs = await readPairs(pairFile)
  const sets = []
  for (const file of files) sets.push(await loadFeatures(file))
  const similarity = await evaluateSimilarity(sets, pairs, {
    ...fitSettings(options),
    signal,
    onProgress: ({ done, total }) => terminal.progress('folds', done, total),
  })
  terminal.emit({ type: 'similarity', ...similarity })
  const { accuracy, standardError, areaUnderRoc, folds } = similarity
  terminal.print(
    table([
      ['fold', 'pairs', 'C', 'accuracy'],
      ...folds.map((one) => [String(one.fold), String(one.pairs), String(one.cost), percent(one.accuracy)]),
    ]),
  )
  terminal.print(
    `\naccuracy ${percent(accuracy)} ± ${percent(standardError)} (standard error), area under the ROC curve ${areaUnderRoc === null ? '-' : percent(areaUnderRoc)}`,
  )
}
