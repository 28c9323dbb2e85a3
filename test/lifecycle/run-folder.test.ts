import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { C3D, train, VideoDataset } from '../..'
import { makeFrameFolders } from '../support/frame-folders'
import { createModel } from '../support/small-run.cjs'
import { temporaryFolder } from '../support/temporary'

const folder = temporaryFolder()
const { folder: videos } = makeFrameFolders(path.join(folder, 'data'), {
  classes: 2,
  videos: 4,
  frames: 12,
  width: 28,
  height: 21,
})
chmodSync(folder, 0o755) // for the user that runs without a right to write

/** What became of a run in a process of its own, which `launcher` starts. */
function troubledRun(trouble: string, out: string, launcher: string[] = []) {
  const script = path.resolve(__dirname, '../support/troubled-run.cjs')
  const [program = '', ...args] = [...launcher, process.execPath, script, trouble, videos, out]
  return JSON.parse(execFileSync(program, args, { encoding: 'utf8' }))
}

const hasLimits = spawnSync('prlimit', ['--version']).status === 0
const testWithLimits = hasLimits
  ? test
  : (name: string, body: () => Promise<void>) => test.skip(`${name} (skipped: there is no prlimit)`, body)

testWithLimits('a full disk is told, and the checkpoint from before is whole', async () => {
  const out = path.join(folder, 'full')
  const { code, message } = troubledRun('disk', out)
  expect(code).toBe('C3D_FILE')
  expect(message).toContain(`Cannot write '${path.join(out, 'checkpoint.safetensors')}': File too large.`)
  expect(message).toContain('Nothing was changed')
  expect(readdirSync(out).filter((name) => name.endsWith('.tmp'))).toEqual([])
  using data = await VideoDataset.open(videos, { cache: false })
  using model = await C3D.load(path.join(out, 'checkpoint.safetensors'))
  expect(await train(model, data, { resume: out, maxSteps: 5 }).done).toMatchObject({ reason: 'max-steps' })
})

testWithLimits(
  'out of memory is told with smaller passes, and the checkpoint from before is whole',
  async () => {
    const out = path.join(folder, 'memory')
    // With less address space than the package's own allocator reserves, so that LibTorch's is in use, which the
    // system can refuse.
    const limit = Math.floor(1.5 * os.totalmem())
    const { code, message } = troubledRun('memory', out, ['prlimit', `--as=${limit}`])
    expect({ code, message }).toEqual({
      code: 'C3D_OUT_OF_MEMORY',
      message: expect.stringMatching(/^Out of memory in step 1, in passes of 64 clips: /),
    })
    expect(message).toContain('Set batchSize 32 and accumulate 2')
    const checkpoint = path.join(out, 'checkpoint.safetensors')
    expect(message).toContain(`The checkpoint '${checkpoint}' is from before.`)
    using model = await C3D.load(checkpoint)
    expect(model.readTensor('fc8.weight').every(Number.isFinite)).toBe(true)
  },
)

test('a folder that may not be written to is told', () => {
  const out = path.join(folder, 'read-only')
  mkdirSync(out, { mode: 0o555 })
  expect(troubledRun('permissions', out)).toEqual({
    code: 'C3D_FILE',
    message: expect.stringContaining(`Cannot write '${path.join(out, 'run.lock')}': Permission denied`),
  })
  const below = path.join(out, 'run')
  expect(troubledRun('permissions', below)).toEqual({
    code: 'C3D_FILE',
    message: expect.stringContaining(`Cannot make the folder '${below}'`),
  })
})

describe('two trainings do not write to one folder', () => {
  const busy = (out: string) => ({
    code: 'C3D_FILE',
    message: expect.stringMatching(
      new RegExp(`'${out}' is being written to by process ${process.pid} on ${os.hostname()}, since 20`),
    ),
  })

  test('in one process: neither one that begins nor one that goes on', async () => {
    const out = path.join(folder, 'shared')
    using data = await VideoDataset.open(videos, { cache: false })
    using first = await createModel(data.classes)
    using second = await createModel(data.classes)
    const run = train(first, data, { epochs: 100_000, out })
    for await (const event of run) {
      if (event.type !== 'step') continue
      await expect(train(second, data, { out, overwrite: true }).done).rejects.toMatchObject(busy(out))
      await expect(train(second, data, { resume: out }).done).rejects.toMatchObject(busy(out))
      break
    }
    expect(readdirSync(out)).not.toContain('run.lock')
    await expect(train(second, data, { resume: out, maxSteps: 1 }).done).resolves.toMatchObject({
      reason: 'max-steps',
    })
  })

  test('in two threads, of which one ends without a word', () => {
    const out = path.join(folder, 'threads')
    const { second, third } = troubledRun('worker', out)
    expect(second).toEqual({
      code: 'C3D_FILE',
      message: expect.stringMatching(/is being written to by process \d+, worker thread 1, on /),
    })
    expect(third).toBe('finished')
  })
})
