import { type Command, InvalidArgumentError, Option } from 'commander'
import { precisions } from '../config/precision'
import { presetNames } from '../config/presets'
import type { Clips } from '../config/sampling'
import { aggregates } from '../config/scoring'

/** A number as commander reads it; its range is the schema's business. */
export function toNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Expected a number.')
  return value
}

/** '112' or '128x112' (width x height). */
export function toSize(text: string): { width: number; height: number } {
  const [width, height = width] = text.split('x').map(Number)
  if (!width || !height || text.split('x').length > 2)
    throw new InvalidArgumentError("Expected a size like '112' or '128x112' (width x height).")
  return { width, height }
}

export function toClips(text: string): Clips {
  return text === 'all' ? 'all' : toNumber(text)
}

export function toNames(text: string): string[] {
  return text.split(',').map((name) => name.trim())
}

export function addCommonOptions(command: Command): Command {
  return command
    .option('--json', 'print one JSON object a line to stdout and nothing else there')
    .option('--threads <number>', 'computing threads; 0: one a core', toNumber)
    .option('--debug', 'print the stack of an error')
}

export function addDeviceOption(command: Command): Command {
  return command
    .option('--device <device>', 'auto, cpu, cuda or cuda:<number>')
    .option('--deterministic', 'the same bits in every run on CUDA devices, too, if more slowly')
}

export function precisionOption(): Option {
  return new Option(
    '--precision <type>',
    'in what layers multiply; auto: what is fast and safe here',
  ).choices(precisions)
}

export function aggregateOption(): Option {
  return new Option('--aggregate <how>', 'how the answers for the clips of a video become one').choices(
    aggregates,
  )
}

export function thresholdOption(): Option {
  return new Option(
    '--threshold <probability>',
    'of a multi-label model: from where on a class is an answer (default: 0.5)',
  ).argParser(toNumber)
}

export function presetOption(): Option {
  return new Option('--preset <name>', 'recipe that completes the settings').choices(presetNames)
}

export function cacheOption(): Option {
  return new Option('--cache <where>', 'keep decoded frames, so that videos are decoded once').choices([
    'none',
    'memory',
    'disk',
  ])
}
