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
  /** The same by SIGTERM, as services and containers are stopped. */
  terminated: 143,
  /** Nobody reads any more what the command was to tell; the shell says the same of others, which end by SIGPIPE. */
  unread: 141,
} as const

type StopSignal = 'SIGINT' | 'SIGTERM'

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
  #stopStatus: number = ExitStatus.interrupted

  constructor(options: CommonOptions, terminal: Terminal) {
    this.#options = options
    this.terminal = terminal
  }

  /** Aborted by the first Ctrl-C or SIGTERM; the second ends the process at once. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Resolves to the exit status. */
  async run(body: CommandBody): Promise<number> {
    const stop = (signal: StopSignal) => this.#stop(signal)
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
    try {
      const { threads, deterministic } = this.#options
      if (threads !== undefined) runtime.configure({ threads })
      if (deterministic !== undefined) runtime.configure({ deterministic })
      await body(this)
    } catch (error) {
      this.fail(error)
    } finally {
      process.off('SIGINT', stop)
      process.off('SIGTERM', stop)
      this.terminal.clearProgress()
    }
    return this.#status
  }

  /**
   * Lets the command end quietly as soon as nobody reads its stdout any more: for one that has nothing else to show. All
   * others, a training before all, go on.
   */
  endWithReader(): void {
    this.terminal.onReaderGone(() => {
      this.#stopStatus = ExitStatus.unread
      this.#controller.abort()
    })
  }

  /** Reports an error and settles the exit status; a command that goes on with the next of its inputs calls it itself. */
  fail(error: unknown): void {
    if (isAborted(error)) {
      this.#status = this.#stopStatus
      if (this.#stopStatus !== ExitStatus.unread) this.terminal.note('Interrupted.')
      return
    }
    this.#status = statusOf(error)
    const code = error instanceof C3DError ? error.code : undefined
    this.terminal.emit({ type: 'error', code, message: messageOf(error) })
    const stack = this.#options.debug && error instanceof Error ? error.stack : undefined
    this.terminal.note(`error: ${stack ?? messageOf(error)}`)
  }

  /** Lets the command end with status 1 although it did what it was asked to: it found something wrong. */
  foundFault(): void {
    this.#status = ExitStatus.failed
  }

  #stop(signal: StopSignal): void {
    this.#stopStatus = signal === 'SIGTERM' ? ExitStatus.terminated : ExitStatus.interrupted
    if (this.signal.aborted) process.exit(this.#stopStatus)
    this.terminal.note(`Stopping; ${signal === 'SIGTERM' ? signal : 'press Ctrl-C'} again to quit at once.`)
    this.#controller.abort()
  }
}

function statusOf(error: unknown): number {
  return error instanceof C3DError && USAGE_ERRORS.has(error.code) ? ExitStatus.usage : ExitStatus.failed
}
