import { types } from 'node:util'

/** What went wrong, for programs; the message is for people. The first fourteen are native/core/runtime/error.h's. */
export type C3DErrorCode =
  | 'C3D_INVALID_ARGUMENT'
  | 'C3D_ARCHITECTURE'
  | 'C3D_FILE_NOT_FOUND'
  | 'C3D_FILE'
  | 'C3D_WEIGHTS'
  | 'C3D_VIDEO_UNREADABLE'
  | 'C3D_FFMPEG_MISSING'
  | 'C3D_IMAGES_MISSING'
  | 'C3D_EMPTY_DATASET'
  | 'C3D_DEVICE'
  | 'C3D_OUT_OF_MEMORY'
  | 'C3D_NON_FINITE_LOSS'
  | 'C3D_ABORTED'
  | 'C3D_CLOSED'
  | 'C3D_INTERNAL'
  | 'C3D_INVALID_CONFIG'
  | 'C3D_NATIVE_MISSING'

/**
 * The one error type of the package. `code` tells programs what went wrong, `message` tells people what was expected,
 * what came, where, and what to do; `cause` is the error or abort reason behind it, if any. An aborted operation has
 * the code `C3D_ABORTED` and the name `AbortError`, like the errors of Node's own APIs.
 */
export class C3DError extends Error {
  readonly code: C3DErrorCode

  constructor(code: C3DErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = code === 'C3D_ABORTED' ? 'AbortError' : 'C3DError'
    this.code = code
  }
}

/**
 * Turns whatever the addon threw into a C3DError. The addon's promises are rejected from outside any JavaScript
 * function, so their stacks say nothing: `caller` brings the stack of the call that started the work.
 */
export function fromNative(error: unknown, caller?: CallSite): C3DError {
  if (error instanceof C3DError) return error
  const code = codeOf(error)
  const converted = new C3DError(
    code ?? 'C3D_INTERNAL',
    messageOf(error),
    code === undefined ? { cause: error } : {},
  )
  if (caller?.stack !== undefined) {
    const frames = caller.stack.slice(caller.stack.indexOf('\n') + 1)
    converted.stack = `${converted.name}: ${converted.message}\n${frames}`
  }
  return converted
}

/** Calls the addon for something that it answers at once; what it throws becomes a C3DError. */
export function rethrowNative<T>(call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw fromNative(error)
  }
}

/** Where a call into the package came from. */
export interface CallSite {
  stack?: string
}

/** The stack above `callee`, taken while its caller is still on it. */
export function callSite(callee: (...args: never[]) => unknown): CallSite {
  const site: CallSite = {}
  Error.captureStackTrace(site, callee)
  return site
}

/** The error of an operation that `signal` stopped. */
export function abortError(signal: AbortSignal, what = 'The operation'): C3DError {
  return new C3DError('C3D_ABORTED', `${what} was aborted.`, { cause: signal.reason })
}

export function isAborted(error: unknown): boolean {
  return error instanceof C3DError && error.code === 'C3D_ABORTED'
}

/** An error of Node's file system as a C3DError that says what was being done. */
export function fileError(error: unknown, doing: string): C3DError {
  const missing = systemCode(error) === 'ENOENT'
  return new C3DError(missing ? 'C3D_FILE_NOT_FOUND' : 'C3D_FILE', `Cannot ${doing}: ${messageOf(error)}`, {
    cause: error,
  })
}

export function systemCode(error: unknown): string | undefined {
  return isError(error) && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

export function messageOf(error: unknown): string {
  return isError(error) ? error.message : String(error)
}

/** Node's errors are no instances of this realm's Error inside a VM context (as in jest). */
function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error
}

function codeOf(error: unknown): C3DErrorCode | undefined {
  const code = systemCode(error)
  return code?.startsWith('C3D_') ? (code as C3DErrorCode) : undefined
}
