import { statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { makeFolder } from '../../lib/files/make-folder'
import { temporaryFolder } from '../support/temporary'

const folder = temporaryFolder()

test('folders are made with those above them, and may be there', async () => {
  const deep = path.join(folder, 'a', 'b', 'c')
  await Promise.all([makeFolder(deep), makeFolder(deep), makeFolder(path.join(folder, 'a', 'b', 'd'))])
  await makeFolder(deep)
  expect(statSync(deep).isDirectory()).toBe(true)
})

test('a file in the way is an error', async () => {
  writeFileSync(path.join(folder, 'file'), '')
  for (const name of ['file', 'file/below', 'file/deep/below'])
    await expect(makeFolder(path.join(folder, name))).rejects.toMatchObject({ code: 'C3D_FILE' })
})

// Node's own recursive mkdir never ends there.
const isLinux = process.platform === 'linux'
const onLinux = isLinux ? test : test.skip
onLinux(
  `so is a file system that makes no folders${isLinux ? '' : ' (skipped: there is no /proc)'}`,
  async () => {
    for (const name of ['/proc/torch-c3d', '/proc/torch-c3d/below'])
      await expect(makeFolder(name)).rejects.toMatchObject({
        code: 'C3D_FILE',
        message: expect.stringContaining(`Cannot make the folder '${name}'`),
      })
  },
  5000,
)
