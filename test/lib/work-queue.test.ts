import { WorkQueue } from '../../lib/work-queue'

/** Work that the test ends, and the order in which it began. */
function controlledWork() {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const work = (name: string) => () =>
    new Promise<string>((resolve) => {
      begun.push(name)
      ends.set(name, () => resolve(name))
    })
  const end = async (name: string) => {
    ends.get(name)?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { begun, work, end }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

test('no more than so many at once, the others in order', async () => {
  const { begun, work, end } = controlledWork()
  const queue = new WorkQueue(2)
  const answers = ['a', 'b', 'c', 'd'].map((name) => queue.run(work(name)))
  await settled()
  expect(begun).toEqual(['a', 'b'])
  expect([queue.running, queue.waiting]).toEqual([2, 2])
  await end('b')
  expect(begun).toEqual(['a', 'b', 'c'])
  await end('a')
  await end('c')
  await end('d')
  expect(await Promise.all(answers)).toEqual(['a', 'b', 'c', 'd'])
  expect([queue.running, queue.waiting]).toEqual([0, 0])
})

test('a failure makes room as well', async () => {
  const queue = new WorkQueue(1)
  const failed = queue.run(() => Promise.reject(new Error('no')))
  const next = queue.run(async () => 7)
  await expect(failed).rejects.toThrow('no')
  expect(await next).toBe(7)
})

test('one who waits can leave, and never begins', async () => {
  const { begun, work, end } = controlledWork()
  const queue = new WorkQueue(1)
  const controller = new AbortController()
  const first = queue.run(work('a'), controller.signal)
  const leaving = queue.run(work('b'), controller.signal)
  const last = queue.run(work('c'))
  await settled()
  controller.abort(new Error('enough'))
  await expect(leaving).rejects.toMatchObject({ code: 'C3D_ABORTED', cause: new Error('enough') })
  expect(queue.waiting).toBe(1)
  await end('a')
  await end('c')
  expect([await first, await last]).toEqual(['a', 'c'])
  expect(begun).toEqual(['a', 'c'])
  await expect(queue.run(work('d'), controller.signal)).rejects.toMatchObject({ code: 'C3D_ABORTED' })
})

test('the concurrency can change while work is under way', async () => {
  const { begun, work, end } = controlledWork()
  const queue = new WorkQueue(1)
  const answers = ['a', 'b', 'c', 'd'].map((name) => queue.run(work(name)))
  queue.concurrency = 3
  await settled()
  expect(begun).toEqual(['a', 'b', 'c'])
  queue.concurrency = 1
  await end('a')
  await end('b')
  expect(begun).toEqual(['a', 'b', 'c'])
  await end('c')
  expect(begun).toEqual(['a', 'b', 'c', 'd'])
  await end('d')
  await Promise.all(answers)
})
