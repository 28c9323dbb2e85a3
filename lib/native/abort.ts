interface Watch {
  callbacks: Set<() => void>
  listener: () => void
}

const watches = new WeakMap<AbortSignal, Watch>()

/**
 * Calls `callback` when `signal` is aborted, unless what this returns is called before. All callbacks of a signal share
 * one listener, there while there is a callback: a service may give the signal of its own end to any number of calls,
 * and Node warns of more than ten listeners.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (!signal) return () => {}
  const { callbacks, listener } = watches.get(signal) ?? watch(signal)
  const own = (): void => callback()
  if (callbacks.size === 0) signal.addEventListener('abort', listener, { once: true })
  callbacks.add(own)
  return () => {
    callbacks.delete(own)
    if (callbacks.size === 0) signal.removeEventListener('abort', listener)
  }
}

function watch(signal: AbortSignal): Watch {
  const callbacks = new Set<() => void>()
  const created = {
    callbacks,
    listener: () => {
      for (const call of [...callbacks]) call()
    },
  }
  watches.set(signal, created)
  return created
}
