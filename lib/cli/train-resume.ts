import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { readJson } from '../config/run-file'
import { C3DError } from '../native/errors'
import type { SourceOptions } from './dataset'

/** Options that decide which videos are trained on and which are validated on. */
export interface PartOptions extends SourceOptions {
  validation?: string
  validationSplit?: string
  limit?: number
  seed?: number
}

interface RecordedParts {
  videos: string
  options: PartOptions
}

const PATHS = ['root', 'classNames', 'ucf101Lists', 'hmdb51Lists'] as const
const OTHERS = ['split', 'allowOverlap', 'validation', 'validationSplit', 'limit', 'seed'] as const

/** What a resumed run may be given beside its folder: nothing that would make it another one. */
const WITH_RESUME = new Set(
  'resume epochs cache device deterministic threads json debug patience maxSteps maxMinutes checkpointSteps tensorboard'.split(
    ' ',
  ),
)

/** What config.json keeps of a command, so that the videos can be parted in the same way from any folder. */
export function describeParts(videos: string, options: PartOptions): RecordedParts {
  const recorded: Record<string, unknown> = {}
  for (const key of OTHERS) if (options[key] !== undefined) recorded[key] = options[key]
  for (const key of PATHS) if (options[key] !== undefined) recorded[key] = path.resolve(options[key])
  const { validation } = options
  const isPath = Number.isNaN(Number(validation)) && existsSync(validation ?? '')
  if (validation !== undefined && isPath) recorded.validation = path.resolve(validation)
  return { videos: path.resolve(videos), options: recorded }
}

/** Throws C3D_FILE_NOT_FOUND, or C3D_INVALID_CONFIG where the run was not made by the command line. */
export async function readParts(folder: string): Promise<RecordedParts> {
  const file = path.join(folder, 'config.json')
  const { command } = (await readJson(file)) as { command?: RecordedParts }
  if (typeof command?.videos === 'string' && typeof command.options === 'object') return command
  throw new C3DError(
    'C3D_INVALID_CONFIG',
    `'${file}' does not say how the command line came to its videos. Resume it by the program that began it, with train(…, { resume }).`,
  )
}

/** Throws C3D_INVALID_CONFIG for options that a run has settled already. */
export function requireResumable(command: Command): void {
  const given = command.options.filter((option) => {
    const name = option.attributeName()
    // --flip and --no-flip set the same value.
    const isMeant = option.negate === (command.getOptionValue(name) === false)
    return isMeant && command.getOptionValueSource(name) === 'cli' && !WITH_RESUME.has(name)
  })
  if (given.length === 0) return
  const names = given.map(({ long, flags }) => long ?? flags).join(', ')
  throw new C3DError(
    'C3D_INVALID_CONFIG',
    `A resumed run keeps its settings: leave out ${names}, or start a new run with --config.`,
  )
}
