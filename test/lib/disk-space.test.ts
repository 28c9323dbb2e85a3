import { writeFileSync } from 'node:fs'
import type * as fs from 'node:fs/promises'
import path from 'node:path'
import { resolveTraining } from '../../lib/config/training'
import { requireDiskSpace } from '../../lib/training/disk-space'
import type { RunFolder } from '../../lib/training/run-folder'
import { temporaryFolder } from '../support/temporary'

let free = 0
jest.mock('node:fs/promises', () => ({
  ...jest.requireActual<typeof fs>('node:fs/promises'),
  statfs: async () => ({ bavail: free, bsize: 1, blocks: 1 }),
}))

const folder = temporaryFolder()
const run = {
  folder,
  checkpoint: path.join(folder, 'checkpoint'),
  best: path.join(folder, 'best'),
  model: path.join(folder, 'model'),
} as RunFolder
const config = resolveTraining({ epochs: 10, checkpoint: { keepEpochs: 4 } }, 'modern')

const check = (bytes: number, validated: boolean, complete = 0) => {
  free = bytes
  return requireDiskSpace(run, 100e6, config, { validated, complete })
}

test('two checkpoints, the model, the best one and those that are kept must fit', async () => {
  // 2 * 200 + 100 + 100 + 2 * 100 MB, and headers.
  await expect(check(799e6, true)).rejects.toMatchObject({
    code: 'C3D_FILE',
    message: expect.stringContaining("801 MB in '"),
  })
  await check(801e6, true)
  await check(701e6, false)
  await check(601e6, false, 5) // only epoch 8 is still to be kept
  await expect(check(600e6, false, 5)).rejects.toMatchObject({ code: 'C3D_FILE' })
})

test('what is there already will be replaced', async () => {
  writeFileSync(run.model, Buffer.alloc(1000))
  await check(601e6 - 1000, false, 5)
})
