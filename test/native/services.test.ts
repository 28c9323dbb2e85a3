import { readdirSync } from 'node:fs'
import path from 'node:path'
import { C3D, evaluate, runtime, type TrainingRun, train, VideoDataset } from '../../lib'
import { makeFrameFolders } from '../support/frame-folders'
import { temporaryFolder } from '../support/temporary'

const { folder } = makeFrameFolders(path.join(temporaryFolder(), 'data'), {
  classes: 2,
  videos: 4,
  frames: 16,
  width: 52,
  height: 44,
})
const video = path.join(folder, 'a', '0')
const side = 40

let data: VideoDataset
beforeAll(async () => {
  data = await VideoDataset.open(folder, { cache: false })
})
afterAll(() => data.close())
const { threads, concurrency } = runtime.info()
afterEach(() => runtime.configure({ threads, concurrency }))

const create = () =>
  C3D.create({
    architecture: { name: 'depth-3', input: { height: side, width: side }, widthMultiplier: 1 / 8 },
    classes: data.classes,
    device: 'cpu',
  })
const input = { data: new Float32Array(3 * 16 * side * side).fill(0.5), shape: [1, 3, 16, side, side] }

/** A training without an end, and how many steps it has made. */
function endlessTraining(model: C3D): { run: TrainingRun; steps: () => number; begun: Promise<void> } {
  const run = train(model, data, { epochs: 10_000, batchSize: 8, schedule: { type: 'constant' } })
  let steps = 0
  const begun = new Promise<void>((resolve) => {
    ;(async () => {
      for await (const event of run) {
        if (event.type === 'step') steps = event.step
        if (steps === 2) resolve()
      }
    })()
  })
  return { run, steps: () => steps, begun }
}

test.each(['another model', 'the same model'])(
  'while a model trains, %s answers within a few steps',
  async (which) => {
    using model = await create()
    using other = await create()
    const { run, steps, begun } = endlessTraining(model)
    await begun
    const asked = which === 'another model' ? other : model
    const before = steps()
    for (let i = 0; i < 3; i++) await asked.forward(input)
    // Each waits for the step under way. Events come a little late, so a few more may be counted.
    expect(steps() - before).toBeLessThanOrEqual(9)
    expect((await asked.predict(video, { clips: 1 })).top).toHaveLength(2)
    // The training has gone on as well.
    const after = steps()
    for (let i = 0; i < 100 && steps() < after + 2; i++) await asked.forward(input)
    expect(steps()).toBeGreaterThanOrEqual(after + 2)
    await run.stop()
  },
)

test.each([
  { threads: 0, concurrency: 1 },
  { threads: 0, concurrency: 8 },
  { threads: 1, concurrency: 8 },
])('questions at once get the answers that they would get in order: %j', async (settings) => {
  runtime.configure(settings)
  expect(runtime.info().concurrency).toBe(settings.concurrency)
  using model = await create()
  using other = await create()
  const ask = (i: number) => (i % 2 === 0 ? model : other).predict(video, { clips: 2 })
  const inOrder: unknown[] = []
  for (let i = 0; i < 8; i++) inOrder.push(await ask(i))
  expect(await Promise.all(Array.from({ length: 8 }, (_, i) => ask(i)))).toEqual(inOrder)
})

test('whoever waits or computes can be stopped, and the others get their answers', async () => {
  runtime.configure({ concurrency: 2 })
  using model = await create()
  const { run, begun } = endlessTraining(model)
  await begun
  const aborted = new AbortController()
  const { signal } = aborted
  const leaving = [
    model.forward(input, { signal }),
    model.gradients({ ...input, labels: [0] }, { signal }),
    model.predict(video, { signal }),
    ...Array.from({ length: 20 }, () => model.forward(input, { signal })),
    evaluate(model, data, { signal }),
  ].map((answer) => answer.catch((error) => error.code))
  const staying = model.forward(input)
  await new Promise((resolve) => setTimeout(resolve, 5))
  aborted.abort()
  const codes = new Set(await Promise.all(leaving))
  expect(codes).toContain('C3D_ABORTED')
  // One or two may have been done before.
  expect([...codes].filter((code) => typeof code === 'string')).toEqual(['C3D_ABORTED'])
  expect(await staying).toHaveLength(2)
  await run.stop()
})

test('one who waits for a model in training is stopped before the step is over', async () => {
  using model = await create()
  using trainer = model.trainer({ schedule: { type: 'constant' }, batchSize: 64 })
  const clips = { data: new Uint8Array(64 * 16 * side * side * 3), shape: [64, 16, side, side, 3] }
  let hasEnded = false
  const step = trainer.step({ clips, labels: new Array(64).fill(0) }).then(() => {
    hasEnded = true
  })
  await new Promise((resolve) => setTimeout(resolve, 30))
  await expect(model.forward(input, { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
    code: 'C3D_ABORTED',
  })
  expect(hasEnded).toBe(false)
  await step
})

test('a broken off question leaves no gradients behind', async () => {
  using model = await create()
  const batch = { ...input, labels: [0] }
  const whole = await model.gradients(batch)
  for (const milliseconds of [1, 3, 6, 10, 15])
    await model.gradients(batch, { signal: AbortSignal.timeout(milliseconds) }).catch(() => {})
  expect(await model.gradients(batch)).toEqual(whole)
})

const testOnLinux = process.platform === 'linux' ? test : test.skip

testOnLinux('questions one after the other are computed by the same threads (Linux only)', async () => {
  using model = await C3D.create({
    architecture: { name: 'depth-3', widthMultiplier: 1 / 8, input: { frames: 4, height: 16, width: 16 } },
    classes: ['a', 'b'],
    device: 'cpu',
  })
  const clips = { data: new Float32Array(3 * 4 * 16 * 16).fill(0.5), shape: [1, 3, 4, 16, 16] }
  runtime.configure({ threads: 2 })
  const seen = new Set<string>()
  for (let i = 0; i < 20; ++i) {
    await model.forward(clips)
    for (const thread of readdirSync('/proc/self/task')) seen.add(thread)
    if (i === 0) seen.clear() // some of earlier tests may still be ending
  }
  // The next one may be asked before the last one's thread is ready for it: then there are two, and OpenMP's.
  const before = new Set(readdirSync('/proc/self/task'))
  expect([...seen].filter((thread) => !before.has(thread))).toEqual([])
})
