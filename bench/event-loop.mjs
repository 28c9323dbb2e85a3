/**
 * How long the event loop is held up while the package works with all cores: the same monitor, first with nothing to
 * do, then during a training, a loop over trainer.step, and predictions.
 *
 *   npm run bench:event-loop -- [folder of <class>/<video>] [--seconds 10]
 *
 * Without a folder it makes videos of moving digits.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { C3D, ClipLoader, makeMotionVideos, runtime, train, VideoDataset } from 'torch-c3d'

const RESOLUTION = 1 // milliseconds between two looks at the clock; told off the delay

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '10' } },
})
const milliseconds = 1000 * Number(values.seconds)
const temporary = mkdtempSync(path.join(tmpdir(), 'c3d-event-loop-'))

/**
 * @typedef {{ what: string, p50: number, p99: number, max: number, done: number }} Row delays in milliseconds
 * @type {Row[]}
 */
const rows = []

/**
 * Measures while `work` goes on, which returns how much it has done; it looks at `signal`.
 *
 * @param {string} what
 * @param {(signal: AbortSignal) => Promise<number>} work
 */
async function measure(what, work) {
  const controller = new AbortController()
  const working = work(controller.signal)
  await sleep(500) // what is done once, such as opening files
  const monitor = monitorEventLoopDelay({ resolution: RESOLUTION })
  monitor.enable()
  await sleep(milliseconds)
  monitor.disable()
  controller.abort()
  const done = await working
  const delay = (/** @type {number} */ nanoseconds) =>
    Number(Math.max(0, nanoseconds / 1e6 - RESOLUTION).toFixed(2))
  rows.push({
    what,
    p50: delay(monitor.percentile(50)),
    p99: delay(monitor.percentile(99)),
    max: delay(monitor.max),
    done,
  })
}

/** @param {AbortSignal} signal */
async function nothing(signal) {
  while (!signal.aborted) await sleep(10)
  return 0
}

try {
  if (positionals.length === 0) await makeMotionVideos(temporary, { videosPerClass: 4 })
  const folder = positionals[0] ?? temporary
  const data = await VideoDataset.open(folder)
  const create = () =>
    C3D.create({
      architecture: { name: 'depth-3', widthMultiplier: 0.25 },
      preset: 'modern',
      classes: data.classes,
    })
  const model = await create()
  const other = await create()
  const videos = data.videos.map((video) => video.path)

  /** @param {AbortSignal} signal */
  const training = async (signal) => {
    let steps = 0
    const run = train(model, data, { epochs: 100_000, batchSize: 8 })
    signal.addEventListener('abort', () => run.stop())
    for await (const event of run) if (event.type === 'step') steps = event.step
    return steps
  }
  /** @param {AbortSignal} signal */
  const ownLoop = async (signal) => {
    const trainer = model.trainer({ schedule: { type: 'constant' } })
    const loader = new ClipLoader(data, { model, batchSize: 8, shuffle: true, reuse: true })
    while (!signal.aborted)
      for await (const batch of loader) {
        await trainer.step(batch)
        if (signal.aborted) break
      }
    const { step } = trainer.state
    loader.close()
    trainer.close()
    return step
  }
  /** @param {AbortSignal} signal */
  const predictions = async (signal) => {
    let done = 0
    const ask = async () => {
      for (let i = 0; !signal.aborted; i++, done++) await other.predict(videos[i % videos.length] ?? '')
    }
    await Promise.all(Array.from({ length: 8 }, ask))
    return done
  }

  await measure('nothing', nothing)
  await measure('training (steps)', training)
  await measure('trainer.step (steps)', ownLoop)
  await measure('8 predictions at once', predictions)
  await measure('8 predictions and a training', async (signal) => {
    const steps = training(signal)
    const answers = await predictions(signal)
    await steps
    return answers
  })
  await measure('nothing, again', nothing)
  const { threads, concurrency, cpuCapability } = runtime.info()
  console.log(`${threads} threads, concurrency ${concurrency}, ${cpuCapability}; delays in milliseconds`)
  console.table(rows)
  for (const handle of [model, other, data]) handle.close()
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
