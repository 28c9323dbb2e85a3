import { type Command, InvalidArgumentError } from 'commander'
import type { SvmOptions } from '../../config/linear'
import { invalid } from '../../config/parse'
import { loadFeatures } from '../../features/feature-file'
import type { FeatureSet } from '../../features/feature-set'
import { append } from '../fusion'
import { addCommonOptions, toNumber } from '../options'
import type { CommonOptions } from '../program'

export const FEATURES_HELP = 'a .npy, .npz, .safetensors or .jsonl file of c3d extract'

export interface FeatureOptions {
  with?: string[]
}

export interface FitOptions {
  cost?: number[]
  costFolds?: number
  seed?: number
}

/** Of commands that fit machines on features. */
export interface FitCommandOptions extends CommonOptions, FeatureOptions, FitOptions {}

/** Of those that say how well such machines do. */
export interface EvaluationOptions extends FitCommandOptions {
  dimensions?: number[]
  chart?: string
}

export function addFeatureOptions(command: Command): Command {
  return command.option(
    '--with <features>',
    "put another network's features of the same videos beside; may be given several times",
    append,
  )
}

export function addFitOptions(command: Command): Command {
  return command
    .option(
      '--cost <list>',
      'C; of several, like 0.1,1,10, the best in a cross-validation of the training rows (default: 0.01,0.1,1,10,100)',
      toNumbers,
    )
    .option('--cost-folds <number>', 'parts of that cross-validation (default: 5)', toNumber)
    .option('--seed <number>', 'of how rows are dealt to folds (default: 1)', toNumber)
}

export function addFitCommandOptions(command: Command): Command {
  return addCommonOptions(addFitOptions(addFeatureOptions(command)))
}

export function addEvaluationOptions(command: Command): Command {
  command
    .option(
      '--dimensions <list>',
      'reduce to so many principal components too, like 10,50,100,500 (Fig. 5 of the paper)',
      toNumbers,
    )
    .option('--chart <file>', 'write the accuracy by number of principal components, an .svg file')
  return addFitCommandOptions(command)
}

/** A chart of no points is a mistake. */
export function requireDimensions({ chart, dimensions }: EvaluationOptions): void {
  if (chart !== undefined && !dimensions?.length)
    throw invalid('--chart', 'expected --dimensions too, which the chart shows')
}

export function toNumbers(text: string): number[] {
  return text.split(',').map(toNumber)
}

export function toFolds(text: string): number | 'leave-one-out' {
  if (text === 'leave-one-out') return text
  const number = Number(text)
  if (!Number.isInteger(number)) throw new InvalidArgumentError("Expected a whole number or 'leave-one-out'.")
  return number
}

/** The features, with those of --with beside them. */
export async function openFeatures(file: string, options: FeatureOptions): Promise<FeatureSet> {
  const features = await loadFeatures(file)
  const others: FeatureSet[] = []
  for (const other of options.with ?? []) others.push(await loadFeatures(other))
  return others.length === 0 ? features : features.concat(...others)
}

export function fitSettings({ cost, costFolds, seed }: FitOptions): SvmOptions {
  return { cost, costFolds, seed }
}
