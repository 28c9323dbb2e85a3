import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { makeFrameFolders } from '../support/frame-folders'
import { temporaryFolder } from '../support/temporary'

/** May be left behind. Were it the input of each prediction, it would be 49; a model of each training, 100. */
const MOST_MEGABYTES = 20

const { folder } = makeFrameFolders(path.join(temporaryFolder(), 'data'), {
  classes: 2,
  videos: 4,
  frames: 4,
  width: 44,
  height: 36,
})

const hasProc = existsSync('/proc/self/task')
const withProc = hasProc ? test : test.skip
withProc(
  `1,000 predictions and 200 trainings leave no memory, thread or handle behind${hasProc ? '' : ' (skipped: there is no /proc)'}`,
  () => {
    // V8's young generation grows to its full size at some time or other, unless it is a small one.
    const options = ['--expose-gc', '--max-semi-space-size=1']
    const child = spawnSync(process.execPath, [...options, path.join(__dirname, 'many.cjs'), folder], {
      encoding: 'utf8',
    })
    expect({ status: child.status, stderr: child.stderr }).toEqual({ status: 0, stderr: '' })
    const { before, after } = JSON.parse(child.stdout)
    expect(after.megabytes - before.megabytes).toBeLessThan(MOST_MEGABYTES)
    expect({ ...after, megabytes: 0 }).toEqual({ ...before, megabytes: 0 })
  },
  120_000,
)
