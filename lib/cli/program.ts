import { Command, CommanderError } from 'commander'
import { packageVersion } from '../package-info'
import { addBenchCommand } from './bench'
import { addClassifyCommand } from './classify'
import { addDataCommand } from './data'
import { addEvaluateCommand } from './evaluate'
import { addExplainCommand } from './explain'
import { addExtractCommand } from './extract'
import { addInfoCommand } from './info'
import { addMakeMotionVideosCommand } from './make-motion-videos'
import { addMapCommand } from './map'
import { addPredictCommand } from './predict'
import { ExitStatus, Session } from './session'
import { addStudyCommand } from './study'
import { addSvmCommand } from './svm'
import { letReadersLeave, type Streams, Terminal } from './terminal'
import { addTrainCommand } from './train'

/** Options that every command has. */
export interface CommonOptions {
  json?: boolean
  debug?: boolean
  threads?: number
  /** Of those that have a device. */
  deterministic?: boolean
}

/** What a command does; options and arguments are bound already. */
export type CommandBody = (session: Session) => Promise<void>

/** Adds a command's actions to the program; `run` gives each its session and reports its errors. */
export type AddCommand = (program: Command, run: RunCommand) => void
export type RunCommand = (options: CommonOptions, body: CommandBody) => Promise<void>

const commands: AddCommand[] = [
  addTrainCommand,
  addEvaluateCommand,
  addPredictCommand,
  addClassifyCommand,
  addExtractCommand,
  addSvmCommand,
  addMapCommand,
  addExplainCommand,
  addStudyCommand,
  addDataCommand,
  addInfoCommand,
  addBenchCommand,
  addMakeMotionVideosCommand,
]

/** Runs the c3d command. Resolves to the exit status; never rejects. */
export async function runCommandLine(
  args: readonly string[],
  streams: Streams = { stdout: process.stdout, stderr: process.stderr },
): Promise<number> {
  letReadersLeave(streams)
  let status: number = ExitStatus.done
  const program = new Command('c3d')
    .description('Trains and runs C3D, the 3D convolutional network for video.')
    .version(packageVersion)
    .showHelpAfterError('Add --help to see what there is.')
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
    })
    .exitOverride()
  for (const add of commands)
    add(program, async (options, body) => {
      status = await new Session(options, new Terminal(streams, options.json ?? false)).run(body)
    })
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    status = error.exitCode === 0 ? ExitStatus.done : ExitStatus.usage
  }
  return status
}
