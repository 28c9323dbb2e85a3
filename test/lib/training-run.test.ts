import { setImmediate as nextTurn } from 'node:timers/promises'
import { C3DError } from '../../lib/native/errors'
import { EventQueue } from '../../lib/training/event-queue'
import { STOP_REQUEST } from '../../lib/training/event-run'
import type { TrainingEvent, TrainingResult } from '../../lib/training/events'
import { TrainingRun, type TrainingWork } from '../../lib/training/training-run'
import { epochEvent, stepEvent } from './fake-binding'

const finished: TrainingResult = { reason: 'finished', epochs: 1, steps: 1, seconds: 1, peakMemory: 1 }
const stopped: TrainingResult = { ...finished, reason: 'stopped' }

/** Emits epochs for ever, until it is stopped as the real work is. */
const endless: TrainingWork = async (emit, signal) => {
  for (let epoch = 1; !signal.aborted; epoch++) {
    emit(epochEvent(epoch))
    await nextTurn()
  }
  if (signal.reason === STOP_REQUEST) return stopped
  throw new C3DError('C3D_ABORTED', 'aborted', { cause: signal.reason })
}

async function collect(run: TrainingRun): Promise<TrainingEvent[]> {
  const events: TrainingEvent[] = []
  for await (const event of run) events.push(event)
  return events
}

describe('queue', () => {
  test('drops the oldest droppable event, never another', async () => {
    const queue = new EventQueue<string>(2)
    queue.push('step 1', true)
    queue.push('epoch 1', false)
    queue.push('step 2', true)
    queue.push('step 3', true)
    queue.end()
    const taken: string[] = []
    for (let next = await queue.take(); next; next = await queue.take()) taken.push(next.event)
    expect(taken).toEqual(['epoch 1', 'step 2', 'step 3'])
  })

  test('wakes a reader that waits', async () => {
    const queue = new EventQueue<number>(2)
    const taken = queue.take()
    queue.push(1, false)
    expect(await taken).toMatchObject({ event: 1 })
    const end = queue.take()
    queue.end({ error: new Error('failed') })
    await expect(end).rejects.toThrow('failed')
  })
})

describe('run', () => {
  test('gives its events, then done, then ends', async () => {
    const run = new TrainingRun(async (emit) => {
      emit(stepEvent(1))
      emit(epochEvent(1))
      return finished
    })
    expect((await collect(run)).map((event) => event.type)).toEqual(['step', 'epoch', 'done'])
    expect(await run.done).toEqual(finished)
  })

  test('that nobody reads keeps 256 steps and every epoch', async () => {
    const run = new TrainingRun(async (emit) => {
      emit(epochEvent(1))
      for (let step = 1; step <= 1000; step++) emit(stepEvent(step))
      emit(epochEvent(2))
      return finished
    })
    await run.done
    const events = await collect(run)
    const steps = events.flatMap((event) => (event.type === 'step' ? [event.step] : []))
    expect(steps).toHaveLength(256)
    expect(steps.at(-1)).toBe(1000)
    expect(events.filter((event) => event.type === 'epoch')).toHaveLength(2)
  })

  test('is stopped by leaving the loop, which waits for its end', async () => {
    let ended = false
    const run = new TrainingRun(async (emit, signal) => {
      const result = await endless(emit, signal)
      await nextTurn()
      ended = true
      return result
    })
    for await (const epoch of run.epochs()) if (epoch.epoch === 3) break
    expect(ended).toBe(true)
    expect(await run.done).toEqual(stopped)
  })

  test('is stopped by a throw in the loop, which stays the error', async () => {
    const run = new TrainingRun(endless)
    const loop = async () => {
      for await (const _ of run) throw new Error('mine')
    }
    await expect(loop()).rejects.toThrow('mine')
    expect(await run.done).toEqual(stopped)
  })

  test('tells a failure to save when the loop is left', async () => {
    const run = new TrainingRun(async (emit, signal) => {
      await endless(emit, signal)
      throw new C3DError('C3D_FILE', 'disk full')
    })
    const loop = async () => {
      for await (const _ of run) break
    }
    await expect(loop()).rejects.toThrow('disk full')
  })

  test('is stopped by stop(), and its reader sees the end', async () => {
    const run = new TrainingRun(endless)
    const events = collect(run)
    expect(await run.stop()).toEqual(stopped)
    expect((await events).at(-1)).toMatchObject({ type: 'done', reason: 'stopped' })
  })

  test('is stopped by `await using`', async () => {
    const started = async () => {
      await using run = new TrainingRun(endless)
      return run
    }
    expect(await (await started()).done).toEqual(stopped)
  })

  test('rejects its reader and `done` when the signal is aborted', async () => {
    const controller = new AbortController()
    const run = new TrainingRun(endless, controller.signal)
    const events = collect(run)
    await nextTurn()
    controller.abort('enough')
    await expect(events).rejects.toMatchObject({ code: 'C3D_ABORTED', cause: 'enough' })
    await expect(run.done).rejects.toMatchObject({ code: 'C3D_ABORTED' })
  })

  test('does nothing when the signal was aborted before', async () => {
    const run = new TrainingRun(endless, AbortSignal.abort())
    await expect(collect(run)).rejects.toMatchObject({ code: 'C3D_ABORTED' })
  })

  test('leaves no listener on the signal', async () => {
    const { signal } = new AbortController()
    const add = jest.spyOn(signal, 'addEventListener')
    const remove = jest.spyOn(signal, 'removeEventListener')
    await new TrainingRun(async () => finished, signal).done
    expect(remove.mock.calls.map(([type, listener]) => [type, listener])).toEqual(
      add.mock.calls.map(([type, listener]) => [type, listener]),
    )
  })

  test('rejects its reader with the error of the training, after the events before it', async () => {
    const run = new TrainingRun(async (emit) => {
      emit(epochEvent(1))
      throw new C3DError('C3D_NON_FINITE_LOSS', 'the loss became nan')
    })
    const events: TrainingEvent[] = []
    const loop = async () => {
      for await (const event of run) events.push(event)
    }
    await expect(loop()).rejects.toMatchObject({ code: 'C3D_NON_FINITE_LOSS' })
    expect(events).toHaveLength(1)
  })

  test('that fails unread leaves no unhandled rejection', async () => {
    const unhandled = jest.fn()
    process.on('unhandledRejection', unhandled)
    new TrainingRun(async () => {
      throw new Error('failed')
    })
    await nextTurn()
    await nextTurn()
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  test('is read once', async () => {
    const run = new TrainingRun(async () => finished)
    await collect(run)
    await expect(collect(run)).rejects.toThrow('can be read once')
  })
})
