import { C3DError } from '../../lib/native/errors'
import { runEventTask, runTask } from '../../lib/native/task'
import { type FakeBinding, fakeBinding, manualTask, nativeError, task } from './fake-binding'

let binding: FakeBinding
jest.mock('../../lib/native/addon', () => ({ addon: () => binding }))
beforeEach(() => {
  binding = fakeBinding()
})

const exitListeners = () => process.listenerCount('exit')

test('a result arrives, and no listener stays', async () => {
  const before = exitListeners()
  const controller = new AbortController()
  await expect(runTask(() => task(() => 7), controller.signal)).resolves.toBe(7)
  expect(exitListeners()).toBe(before)
})

test('while tasks are live one listener stops them at process exit', async () => {
  const before = exitListeners()
  const first = manualTask<void>()
  const second = manualTask<void>()
  const both = [runTask(() => first), runTask(() => second)]
  expect(exitListeners()).toBe(before + 1)
  process.listeners('exit').at(-1)?.(0)
  expect(binding.stopped).toBe(1)
  first.resolve()
  await both[0]
  expect(exitListeners()).toBe(before + 1)
  second.resolve()
  await both[1]
  expect(exitListeners()).toBe(before)
})

test('a signal aborted before starts nothing', async () => {
  const start = jest.fn(() => task(() => 7))
  const reason = new Error('enough')
  const error = await runTask(start, AbortSignal.abort(reason)).catch((error) => error)
  expect(start).not.toHaveBeenCalled()
  expect(error).toBeInstanceOf(C3DError)
  expect(error).toMatchObject({ code: 'C3D_ABORTED', name: 'AbortError', cause: reason })
})

test('an abort cancels the work and rejects when it has ended', async () => {
  const controller = new AbortController()
  const work = manualTask<void>()
  const outcome = runTask(() => work, controller.signal).catch((error) => error)
  controller.abort('enough')
  expect(work.cancelled).toBe(true)
  expect(await outcome).toMatchObject({ code: 'C3D_ABORTED', cause: 'enough' })
})

test('an error of the addon keeps its code and gets the stack of the caller', async () => {
  async function caller() {
    await runTask(() => task(() => Promise.reject(nativeError('C3D_DEVICE', 'no such device'))))
  }
  const error = await caller().catch((error) => error)
  expect(error).toBeInstanceOf(C3DError)
  expect(error).toMatchObject({ code: 'C3D_DEVICE', message: 'no such device' })
  expect(error.stack).toMatch(/^C3DError: no such device\n.*caller/)
})

test('an error without a code is a defect', async () => {
  const unknown = new TypeError('napi')
  const error = await runTask(() => {
    throw unknown
  }).catch((error) => error)
  expect(error).toMatchObject({ code: 'C3D_INTERNAL', cause: unknown })
})

test('a throw of an event handler cancels the work and is the error', async () => {
  const work = manualTask<void>()
  const failure = new Error('handler')
  const handler = jest.fn(() => {
    throw failure
  })
  const outcome = runEventTask<void, number>((onEvent) => {
    setImmediate(() => {
      onEvent(1)
      onEvent(2)
    })
    return work
  }, handler).catch((error) => error)
  expect(await outcome).toBe(failure)
  expect(work.cancelled).toBe(true)
  expect(handler).toHaveBeenCalledTimes(1)
})
