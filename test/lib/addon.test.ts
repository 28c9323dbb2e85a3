import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

let root = ''
jest.mock('../../lib/package-info', () => ({
  get packageRoot() {
    return root
  },
}))

beforeEach(async () => {
  jest.resetModules()
  root = await mkdtemp(path.join(tmpdir(), 'c3d-'))
})
afterEach(() => rm(root, { recursive: true }))

function load() {
  const { addon } = require('../../lib/native/addon') as typeof import('../../lib/native/addon')
  return addon()
}

const file = () => path.join(root, 'build', 'Release', 'torch_c3d.node')

test('a missing addon is told with every place looked at and what to do', () => {
  expect(load).toThrow(expect.objectContaining({ code: 'C3D_NATIVE_MISSING' }))
  expect(load).toThrow(`- ${file()}: no such file`)
  expect(load).toThrow(path.join('prebuilds', `${process.platform}-${process.arch}`, 'node.napi.node'))
  expect(load).toThrow('Possible solutions:')
  expect(load).toThrow(`run \`npm run build:native\` in ${root}`)
})

test('an addon that cannot be loaded is told with the loader’s reason', async () => {
  await mkdir(path.dirname(file()), { recursive: true })
  await writeFile(file(), 'no library')
  expect(load).toThrow(`- ${file()}: `)
  expect(load).not.toThrow(`- ${file()}: no such file`)
})

test('the FFmpeg plug-in is looked for beside the addon', async () => {
  await mkdir(path.dirname(file()), { recursive: true })
  await writeFile(file(), '')
  const setVideoPlugin = jest.fn()
  jest.doMock(file(), () => ({ setVideoPlugin, setDefaultCudaSwitches: () => {}, setUpMemory: () => {} }), {
    virtual: true,
  })
  load()
  load()
  expect(setVideoPlugin.mock.calls).toEqual([[path.join(path.dirname(file()), 'c3d_ffmpeg.so')]])
})
