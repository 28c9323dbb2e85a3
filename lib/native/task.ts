import { onAbort } from './abort'
import { addon } from './addon'
import type { NativeTask } from './binding'
import { abortError, callSite, fromNative, isAborted } from './errors'

/**
 * Starts native work and waits for it. An abort of `signal` cancels the work; the promise then rejects with
 * C3D_ABORTED once its thread has ended, or at once when the signal was aborted before.
 */
export async function runTask<T>(start: () => NativeTask<T>, signal?: AbortSignal): Promise<T> {
  const caller = callSite(runTask)
  if (signal?.aborted) throw abortError(signal)
  const release = holdExitHook()
  let ignoreAbort: (() => void) | undefined
  try {
    const task = start()
    ignoreAbort = onAbort(signal, () => task.cancel())
    return await task.done
  } catch (error) {
    const converted = fromNative(error, caller)
    throw signal?.aborted && isAborted(converted) ? abortError(signal) : converted
  } finally {
    ignoreAbort?.()
    release()
  }
}

/**
 * The same for work that reports. A throw of `onEvent` cancels the work and rejects the promise; thrown into the
 * addon's callback it would be lost.
 */
export async function runEventTask<T, E>(
  start: (onEvent: (event: E) => void) => NativeTask<T>,
  onEvent: (event: E) => void,
  signal?: AbortSignal,
): Promise<T> {
  let failure: { error: unknown } | undefined
  let task: NativeTask<T> | undefined
  const deliver = (event: E): void => {
    if (failure) return
    try {
      onEvent(event)
    } catch (error) {
      failure = { error }
      task?.cancel()
    }
  }
  const outcome = await runTask(() => {
    task = start(deliver)
    return task
  }, signal).catch((error) => {
    throw failure ? failure.error : error
  })
  if (failure) throw (failure as { error: unknown }).error
  return outcome
}

let liveTasks = 0

const stopAll = (): void => addon().stopAll()

/**
 * process.exit() while a native thread computes would tear LibTorch down under it, so the threads are stopped first.
 * One listener while any task is live, none otherwise.
 */
function holdExitHook(): () => void {
  if (liveTasks++ === 0) process.on('exit', stopAll)
  return () => {
    if (--liveTasks === 0) process.off('exit', stopAll)
  }
}
