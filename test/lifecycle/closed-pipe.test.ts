import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { makeFrameFolders } from '../support/frame-folders'
import { temporaryFolder } from '../support/temporary'

const folder = temporaryFolder()
const { folder: videos } = makeFrameFolders(path.join(folder, 'data'), {
  classes: 2,
  videos: 4,
  frames: 12,
  width: 28,
  height: 21,
})
const { folder: long } = makeFrameFolders(path.join(folder, 'long'), {
  classes: 1,
  videos: 1,
  frames: 100,
  width: 28,
  height: 21,
})
const run = path.join(folder, 'run')

/** Runs c3d with a reader of its stdout that leaves at once, or as soon as there is something to read. */
function c3dUnread(args: string[], leaves: 'at once' | 'later') {
  const child = spawn(process.execPath, [path.resolve(__dirname, '../../dist/cli.js'), ...args])
  let stderr = ''
  child.stderr.on('data', (text) => {
    stderr += text
  })
  if (leaves === 'at once') child.stdout.destroy()
  else child.stdout.once('data', () => child.stdout.destroy())
  return new Promise<{ status: number | null; stderr: string }>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => resolve({ status, stderr }))
  })
}

test.each(['--help', '--version', 'train --help', 'info'])('c3d %s | true', async (args) => {
  expect(await c3dUnread(args.split(' '), 'at once')).toEqual({ status: 0, stderr: '' })
})

test('a training whose reader leaves goes on and is saved; answers that nobody reads are not computed', async () => {
  const net = ['--architecture', 'depth-1', '--width-multiplier', '0.0625', '--frames', '8']
  const training = ['train', videos, ...net, '--input-size', '16', '--epochs', '3', '--out', run, '--json']
  const { status, stderr } = await c3dUnread(training, 'later')
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('epoch 3/3') })
  expect(readdirSync(run)).toEqual(expect.arrayContaining(['checkpoint.safetensors', 'model.safetensors']))

  const model = path.join(run, 'model.safetensors')
  const classify = ['classify', model, path.join(long, 'a', '0'), '--stride', '1', '--batch-size', '1']
  expect(await c3dUnread(classify, 'at once')).toEqual({ status: 141, stderr: '' })
  const many = Array.from({ length: 50 }, () => path.join(videos, 'a', '0'))
  expect(await c3dUnread(['predict', model, ...many], 'at once')).toEqual({ status: 141, stderr: '' })
})
