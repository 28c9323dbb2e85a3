import { C3DError, type C3DErrorCode, isAborted, messageOf } from '../native/errors'
import { runtime } from '../runtime'
import type { CommandBody, CommonOptions } from './program'
import type { Terminal } from './terminal'

export const ExitStatus = {
  done: 0,
  failed: 1,
  /** Wrong usage, or something wrong with what was given. */
  usage: 2,
  /** By Ctrl-C; what there was to save is saved. */
  interrupted: 130,
} as const

/** Errors that come from what the user gave rather than from what happened. */
const USAGE_ERRORS: ReadonlySet<C3DErrorCode> = new Set<C3DErrorCode>([
  'C3D_INVALID_CONFIG',
  'C3D_INVALID_ARGUMENT',
  'C3D_ARCHITECTURE',
  'C3D_FILE_NOT_FOUND',
  'C3D_WEIGHTS',
  'C3D_VIDEO_UNREADABLE',
  'C3D_EMPTY_DATASET',
  'C3D_DEVICE',
])

/** One run of a command: its terminal, its interruption, and how its errors end it. */
export class Session {
  readonly terminal: Terminal
  readonly #options: CommonOptions
  readonly #controller = new AbortController()
  #status: number = ExitStatus.done

  constructor(options: CommonOptions, terminal: Terminal) {
    this.#options = options
    this.terminal = terminal
  }

  /** Aborted by the first Ctrl-C; the second ends the process at once. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Resolves to the exit status. */
  async run(body: CommandBody): Promise<number> {
    const interrupt = () => this.#interrupt()
    process.on('SIGINT', interrupt)
    try {
      if (this.#options.threads !== undefined) runtime.configure({ threads: this.#options.threads })
      await body(this)
    } catch (error) {
      this.fail(error)
    } finally {
      process.off('SIGINT', interrupt)
      this.terminal.clearProgress()
    }
    return this.#status
  }

  /** Reports an error and settles the exit status; a command that goes on with the next of its inputs calls it itself. */
  fail(error: unknown): void {
    this.#status = statusOf(error)
    if (this.#status === ExitStatus.interrupted) {
      this.terminal.note('Interrupted.')
      return
    }
    const code = error instanceof C3DError ? error.code : undefined
    this.terminal.emit({ type: 'error', code, message: messageOf(error) })
    const stack = this.#options.debug && error instanceof Error ? error.stack : undefined
    this.terminal.note(`error: ${stack ?? messageOf(error)}`)
  }

  /** Lets the command end with status 1 although it did what it was asked to: it found something wrong. */
  foundFault(): void {
    this.#status = ExitStatus.failed
  }

  #interrupt(): void {
    if (this.signal.aborted) process.exit(ExitStatus.interrupted)
    this.terminal.note('Stopping; press Ctrl-C again to quit at once.')
    this.#controller.abort()
  }
}

function statusOf(error: unknown): number {
  if (isAborted(error)) return ExitStatus.interrupted
  return error instanceof C3DError && USAGE_ERRORS.has(error.code) ? ExitStatus.usage : ExitStatus.failed
}
