// Builds the addon with node-gyp and loads it, to show that binding.gyp builds the same as CMakeLists.txt. In a folder of
// its own, because node-gyp empties the build folder that it is given.
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { checkAddon, describeAddon } from './setup/check-addon.mjs'
import { readOptions } from './setup/options.mjs'
import { show } from './setup/process.mjs'
import { SetupError, say } from './setup/report.mjs'

const require = createRequire(import.meta.url)

/** What binding.gyp reads. */
const INPUTS = ['binding.gyp', 'package.json', 'native', 'scripts', 'node_modules']

try {
  const { root, env } = readOptions([], process.env)
  const folder = path.join(root, 'build/gyp')
  fs.rmSync(folder, { recursive: true, force: true })
  fs.mkdirSync(folder, { recursive: true })
  for (const name of INPUTS) fs.symlinkSync(path.join(root, name), path.join(folder, name))

  const nodeGyp = require.resolve('node-gyp/bin/node-gyp.js')
  const args = ['rebuild', '--directory', folder, '--jobs', String(os.availableParallelism()), ...headers()]
  if (!show(process.execPath, [nodeGyp, ...args], { env })) throw new SetupError('node-gyp failed.')

  const plugin = path.join(folder, 'build/Release/c3d_ffmpeg.so')
  const info = checkAddon(
    path.join(folder, 'build/Release/torch_c3d.node'),
    fs.existsSync(plugin) ? plugin : '',
  )
  say(`built by node-gyp and loaded: ${describeAddon(info)}`)
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  say(error.message)
  process.exitCode = 1
}

/** node-gyp downloads Node's headers unless it is told that they are installed with Node. */
function headers() {
  const prefix = path.resolve(process.execPath, '../..')
  return fs.existsSync(path.join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : []
}
