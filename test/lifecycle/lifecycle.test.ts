import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { makeFrameFolders } from '../support/frame-folders'
import { temporaryFolder } from '../support/temporary'

interface Expectation {
  status: number
  stdout?: string
  stderr?: RegExp
}

const expectations: Record<string, Expectation> = {
  'exit in the middle of a step': { status: 7 },
  'uncaught exception in the middle of a step': { status: 1, stderr: /thrown by the test/ },
  'exit while a model is being made': { status: 7 },
  'exit while a model computes': { status: 7 },
  'exit while videos are counted': { status: 7 },
  break: { status: 0, stdout: 'reason stopped, listeners 0' },
  abort: { status: 0, stdout: 'C3D_ABORTED, cause enough, listeners 0' },
  'abort before the start': { status: 0, stdout: 'C3D_ABORTED, cause never' },
  'to the end': { status: 0, stdout: 'epochs 2, listeners 0' },
  'terminate a worker in the middle of a step': { status: 0, stdout: 'worker 1, within true' },
  'exit of a worker in the middle of a step': { status: 0, stdout: 'worker 7' },
  'two workers train': { status: 0, stdout: 'workers 0,0' },
  'exit while clips are read': { status: 7 },
  'terminate a worker that reads clips': { status: 0, stdout: 'worker 1' },
  'a loader that nobody closes': { status: 0, stdout: 'clips 3' },
  'uncaught exception while clips are read': { status: 1, stderr: /thrown by the test/ },
  'exit in the middle of a step of a loop': { status: 7 },
  'uncaught exception in the middle of a step of a loop': { status: 1, stderr: /thrown by the test/ },
  'terminate a worker in the middle of a step of a loop': { status: 0, stdout: 'worker 1' },
  'exit while predictions wait': { status: 7 },
  'uncaught exception while predictions wait': { status: 1, stderr: /thrown by the test/ },
  'terminate a worker while predictions wait': { status: 0, stdout: 'worker 1' },
  'abort predictions': { status: 0, stdout: 'aborted true, next 2, listeners 0' },
  'use after close': { status: 0, stdout: 'codes C3D_CLOSED' },
  'close in the middle of the work': { status: 0, stdout: 'known true' },
  'collect models': { status: 0, stdout: 'external true' },
  'collect trainers': { status: 0, stdout: 'told true, external true' },
  'collect loaders': { status: 0, stdout: 'threads left 0' },
}

/** A race is lost once in many times. */
const TIMES = process.env.TORCH_C3D_THOROUGH === '1' ? 100 : 1

describe('whatever a program does to work under way, the process ends as it should', () => {
  const { folder } = makeFrameFolders(path.join(temporaryFolder(), 'data'), {
    classes: 2,
    videos: 8,
    frames: 16,
    width: 24,
    height: 18,
  })

  test.each(Object.entries(expectations))(
    '%s',
    (name, expectation) => {
      for (let i = 0; i < TIMES; i++) requireOutcome(folder, name, expectation)
    },
    TIMES * 60_000,
  )
})

function requireOutcome(folder: string, name: string, { status, stdout, stderr }: Expectation): void {
  const script = path.join(__dirname, 'scenarios.cjs')
  const child = spawnSync(process.execPath, ['--expose-gc', script, name, folder], {
    encoding: 'utf8',
    timeout: 50_000,
  })
  expect({ signal: child.signal, status: child.status, stderr: stderr ? '' : child.stderr }).toEqual({
    signal: null,
    status,
    stderr: '',
  })
  if (stdout !== undefined) expect(child.stdout.trim()).toBe(stdout)
  if (stderr) expect(child.stderr).toMatch(stderr)
}
