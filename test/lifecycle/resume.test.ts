import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { VideoDataset } from '../..'
import { eventFilesIn, readEvents } from '../support/event-files'
import { makeFrameFolders, randomNumbers } from '../support/frame-folders'
import { smallRun } from '../support/small-run.cjs'
import { temporaryFolder } from '../support/temporary'

/** Each costs the second or so that a process takes to load. */
const KILLS = process.env.TORCH_C3D_THOROUGH === '1' ? 50 : 15
/** Processes that load while another one trains. */
const AHEAD = 2

const folder = temporaryFolder()
const { folder: videos } = makeFrameFolders(path.join(folder, 'data'), {
  classes: 2,
  videos: 8,
  frames: 12,
  width: 28,
  height: 21,
})

let data: VideoDataset
const whole = path.join(folder, 'whole')
let wholeMilliseconds = 0
beforeAll(async () => {
  data = await VideoDataset.open(videos, { cache: false })
  const began = performance.now()
  const { model, run } = await smallRun(data, whole)
  expect((await run.done).reason).toBe('finished')
  wholeMilliseconds = performance.now() - began
  model.close()
})
afterAll(() => data.close())

const TIMES = /seconds|clips_?per_?second|data_?wait/i

/** But for the times. */
function withoutTimes(numbers: object): unknown {
  return Object.fromEntries(Object.entries(numbers).filter(([name]) => !TIMES.test(name)))
}

function metricsOf(run: string): unknown[] {
  const lines = readFileSync(path.join(run, 'metrics.jsonl'), 'utf8').trim().split('\n')
  return lines.map((line) => withoutTimes(JSON.parse(line)))
}

/** What TensorBoard is told of steps and epochs, from all parts of the run. */
function scalarsOf(run: string): unknown[] {
  return eventFilesIn(run)
    .flatMap((file) => readEvents(file))
    .filter(({ scalars }) => Object.keys(scalars).length > 0)
    .map(({ step, scalars }) => ({ step, scalars: withoutTimes(scalars) }))
}

function filesIn(run: string): string[] {
  return readdirSync(run)
    .filter((name) => !name.startsWith('events.'))
    .sort()
}

function expectEqualRuns(run: string, other: string): void {
  for (const file of ['model.safetensors', 'best.safetensors', 'config.json'])
    expect({
      file,
      equal: readFileSync(path.join(run, file)).equals(readFileSync(path.join(other, file))),
    }).toEqual({ file, equal: true })
  expect(metricsOf(run)).toEqual(metricsOf(other))
  expect(scalarsOf(run)).toEqual(scalarsOf(other))
  // Nothing half written is left.
  expect(filesIn(run)).toEqual(filesIn(other))
}

/** Started ahead, since a process takes longer to load than to train. */
function startWaiting(out: string): ChildProcess {
  const script = path.resolve(__dirname, '../support/small-run.cjs')
  return spawn(process.execPath, [script, videos, out], { stdio: ['pipe', 'pipe', 'inherit'] })
}

/** Whether the run got to its end before it was killed. */
function runAndKill(child: ChildProcess, afterMilliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  child.stdout?.once('data', () => {
    timer = setTimeout(() => child.kill('SIGKILL'), afterMilliseconds)
  })
  child.stdin?.end()
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (status, signal) => {
      clearTimeout(timer)
      if (signal === null && status !== 0) reject(new Error(`the run ended with status ${status}`))
      resolve(signal === null)
    })
  })
}

test(`killed at ${KILLS} random moments and resumed, a run ends as if it had never been`, async () => {
  const random = randomNumbers(Date.now())
  const out = path.join(folder, 'killed')
  const waiting = Array.from({ length: AHEAD }, () => startWaiting(out))
  try {
    for (let kills = 0, hasEnded = false; kills < KILLS || !hasEnded; ) {
      if (hasEnded) rmSync(out, { recursive: true })
      const isLast = kills === KILLS
      const next = waiting.shift() ?? startWaiting(out)
      if (kills + waiting.length < KILLS) waiting.push(startWaiting(out))
      hasEnded = await runAndKill(next, isLast ? 60_000 : random() * wholeMilliseconds)
      if (hasEnded) expectEqualRuns(out, whole)
      else kills++
    }
  } finally {
    for (const child of waiting) child.kill()
  }
}, 180_000)

test('stopped and aborted at any step and between, and resumed, a run ends as if it had never been', async () => {
  const random = randomNumbers(Date.now())
  const out = path.join(folder, 'stopped')
  for (let interruptions = 0; ; interruptions++) {
    const controller = new AbortController()
    const { model, run } = await smallRun(data, out, { signal: controller.signal })
    const timer = setTimeout(() => controller.abort(), (random() * wholeMilliseconds) / 4)
    const reason = await run.done.then((result) => result.reason).catch((error) => error.code)
    clearTimeout(timer)
    model.close()
    if (reason === 'finished') {
      expect(interruptions).toBeGreaterThan(2)
      break
    }
    expect(reason).toBe('C3D_ABORTED')
  }
  expectEqualRuns(out, whole)
}, 60_000)

test('one step at a time', async () => {
  const out = path.join(folder, 'stepwise')
  let steps = 0
  for (;;) {
    const { model, run } = await smallRun(data, out)
    for await (const event of run) if (event.type === 'step') break
    const result = await run.done
    model.close()
    if (result.reason === 'finished') break
    expect(result.steps).toBeGreaterThan(steps)
    steps = result.steps
  }
  expectEqualRuns(out, whole)
}, 60_000)
