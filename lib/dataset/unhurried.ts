import { setImmediate } from 'node:timers/promises'

/** So many elements take a few milliseconds. */
const AT_ONCE = 200

/** The same elements, letting the event loop do other things every few hundred: lists may have a million lines. */
export async function* unhurried<T>(elements: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T> {
  let count = 0
  for await (const element of elements) {
    yield element
    if (++count % AT_ONCE === 0) await setImmediate()
  }
}
