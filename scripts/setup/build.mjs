import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { checkAddon, describeAddon } from './check-addon.mjs'
import { capture, show } from './process.mjs'
import { readRecord, writeRecord } from './record.mjs'
import { SetupError, say } from './report.mjs'
import { buildStamp } from './stamp.mjs'

const require = createRequire(import.meta.url)

/**
 * Builds the addon and the FFmpeg plug-in into build/Release, unless they are there and nothing has changed.
 * @param {import('./options.mjs').Options} options
 * @param {import('./libtorch/find.mjs').FoundLibTorch} libtorch
 * @param {import('./media-libraries.mjs').MediaLibraries} media
 */
export function buildNative(options, libtorch, media) {
  const folder = path.join(options.root, 'build')
  const addon = path.join(folder, 'Release/torch_c3d.node')
  const plugin = path.join(folder, 'Release/c3d_ffmpeg.so')
  const outputs = media.ffmpeg ? [addon, plugin] : [addon]

  const definitions = cmakeDefinitions(options, libtorch, media.ffmpeg !== '')
  const stamp = buildStamp(options.root, [
    libtorch.version,
    media,
    definitions,
    process.platform,
    process.arch,
  ])
  if (readRecord(options.root)?.stamp === stamp && outputs.every((file) => fs.existsSync(file))) {
    say('the addon is up to date')
    return
  }

  fs.rmSync(plugin, { force: true })
  say('building the addon (one to four minutes the first time)')
  compile(options, folder, definitions)
  // Sanitizers' run-time libraries must be loaded before Node; CONTRIBUTING.md says how.
  const info = options.sanitize
    ? `with -fsanitize=${options.sanitize}`
    : `and loaded: ${describeAddon(checkAddon(addon, media.ffmpeg ? plugin : ''))}`
  writeRecord(options.root, { stamp, libtorch, media })
  if (isDependency(options.root)) removeIntermediates(options.root)
  say(`built ${info}`)
}

/** @param {string} root */
function isDependency(root) {
  return root.split(path.sep).includes('node_modules')
}

/**
 * Of use only to those who change the sources.
 * @param {string} root
 */
function removeIntermediates(root) {
  for (const name of fs.readdirSync(path.join(root, 'build'))) {
    if (name === 'Release' || name === 'setup.json') continue
    fs.rmSync(path.join(root, 'build', name), { recursive: true })
  }
}

/**
 * @param {import('./options.mjs').Options} options
 * @param {import('./libtorch/find.mjs').FoundLibTorch} libtorch
 * @param {boolean} ffmpeg Whether to build the plug-in.
 */
export function cmakeDefinitions(options, libtorch, ffmpeg) {
  return [
    `C3D_LIBTORCH=${libtorch.path}`,
    `C3D_FFMPEG=${ffmpeg ? 'ON' : 'OFF'}`,
    `C3D_WERROR=${options.werror ? 'ON' : 'OFF'}`,
    `C3D_SANITIZE=${options.sanitize}`,
    `CMAKE_BUILD_TYPE=${options.debug ? 'Debug' : 'Release'}`,
  ]
}

/**
 * Configures and builds; what is built is in Release/ of the folder.
 * @param {import('./options.mjs').Options} options
 * @param {string} folder
 * @param {string[]} definitions
 */
export function compile(options, folder, definitions) {
  configure(options, folder, definitions)
  cmakeJs(options, folder, ['build'], show) || fail('building')
}

/**
 * @param {import('./options.mjs').Options} options
 * @param {string} folder
 * @param {string[]} definitions
 */
function configure(options, folder, definitions) {
  const args = [
    'configure',
    '--CDCMAKE_MESSAGE_LOG_LEVEL=NOTICE',
    ...definitions.map((item) => `--CD${item}`),
  ]
  if (cmakeJs(options, folder, args, capture).ok) return
  // What an earlier configuration left behind (another generator, a moved folder) is the usual reason.
  for (const name of ['CMakeCache.txt', 'CMakeFiles']) {
    fs.rmSync(path.join(folder, name), { recursive: true, force: true })
  }
  cmakeJs(options, folder, args, show) || fail('configuring')
}

/**
 * @template T
 * @param {import('./options.mjs').Options} options
 * @param {string} folder
 * @param {string[]} args
 * @param {(command: string, args: string[], options: import('node:child_process').SpawnSyncOptions) => T} run
 */
function cmakeJs(options, folder, args, run) {
  const script = path.join(path.dirname(require.resolve('cmake-js/package.json')), 'bin/cmake-js')
  // Without it, make builds one file at a time.
  const env = { CMAKE_BUILD_PARALLEL_LEVEL: String(os.availableParallelism()), ...options.env }
  const common = ['--log-level', 'warn', '--out', folder]
  return run(process.execPath, [script, ...common, ...args], { cwd: options.root, env })
}

/** @param {string} what @returns {never} */
function fail(what) {
  throw new SetupError(`${what} the addon failed; the messages above say why.`)
}
