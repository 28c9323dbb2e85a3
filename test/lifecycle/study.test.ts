import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { type StudyOutcome, type StudyResult, study, VideoDataset } from '../..'
import { makeFrameFolders } from '../support/frame-folders'
import { settings } from '../support/small-study.cjs'
import { temporaryFolder } from '../support/temporary'

const folder = temporaryFolder()
const { folder: videos } = makeFrameFolders(path.join(folder, 'data'), {
  classes: 2,
  videos: 6,
  frames: 12,
  width: 28,
  height: 21,
})

/** Kills the study at the `count`-th line of this event; resolves to whether it got to its end before. */
function runAndKill(out: string, event: string, count: number): Promise<boolean> {
  const script = path.resolve(__dirname, '../support/small-study.cjs')
  const child = spawn(process.execPath, [script, videos, out], { stdio: ['ignore', 'pipe', 'inherit'] })
  let seen = 0
  child.stdout.on('data', (text) => {
    for (const line of String(text).split('\n')) if (line === event && ++seen === count) child.kill('SIGKILL')
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (status, signal) => {
      if (signal === null && status !== 0) reject(new Error(`the study ended with status ${status}`))
      resolve(signal === null)
    })
  })
}

/** But for the times. */
function numbersOf(out: string): unknown {
  const { outcomes, nets } = JSON.parse(readFileSync(path.join(out, 'results.json'), 'utf8')) as StudyResult
  const untimed = ({ seconds: _, epochs, ...outcome }: StudyOutcome) => ({
    ...outcome,
    epochs: epochs.map(({ seconds: __, ...epoch }) => epoch),
  })
  return { outcomes: outcomes.map(untimed), nets: nets.map(({ seconds: _, ...net }) => net) }
}

test('killed in a training, between two and after the last, a study ends as if it had never been', async () => {
  const whole = path.join(folder, 'whole')
  const data = await VideoDataset.open(videos, { cache: false })
  await study(data, { ...settings, out: whole }).done
  data.close()

  const out = path.join(folder, 'killed')
  for (const [event, count] of [
    ['step', 3],
    ['outcome', 1],
    ['step', 7],
    ['outcome', 3],
    ['epoch', 1],
  ] as const)
    expect(await runAndKill(out, event, count)).toBe(false)
  const done = ['depth-1-1', 'depth-3-1'].map((name) => path.join(out, 'trainings', name, 'outcome.json'))
  expect(done.filter(existsSync)).toEqual(done)
  const before = done.map((file) => readFileSync(file, 'utf8'))
  expect(await runAndKill(out, 'never', 1)).toBe(true)

  // What was done was not done again, times included.
  expect(done.map((file) => readFileSync(file, 'utf8'))).toEqual(before)
  expect(numbersOf(out)).toEqual(numbersOf(whole))
  for (const name of readdirSync(path.join(whole, 'trainings')))
    for (const file of ['model.safetensors', 'best.safetensors']) {
      const [own, other] = [out, whole].map((study) =>
        readFileSync(path.join(study, 'trainings', name, file)),
      )
      expect({ name, file, equal: own?.equals(other ?? Buffer.of()) }).toEqual({ name, file, equal: true })
    }
}, 120_000)
