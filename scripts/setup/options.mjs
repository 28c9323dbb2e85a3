import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { SetupError } from './report.mjs'

/**
 * @typedef {'cpu' | 'cuda'} Build
 * @typedef {object} Options
 * @property {string} root The package's folder.
 * @property {NodeJS.ProcessEnv} env
 * @property {string} cache Where fetched things are kept for the next set-up.
 * @property {Build | undefined} libtorch The build of LibTorch asked for; undefined: whatever fits the machine.
 * @property {boolean} apt Whether missing libraries may be installed with apt-get.
 * @property {boolean} debug
 * @property {boolean} werror
 * @property {string} sanitize
 * @property {boolean} printLibTorch Only find LibTorch, and print its folder.
 */

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')

/**
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Options}
 */
export function readOptions(args, env) {
  const { values } = parse(args)
  return {
    root,
    env,
    cache: cacheFolder(env),
    libtorch: readBuild(values.libtorch ?? env.TORCH_C3D_LIBTORCH),
    apt: !isOn(env.TORCH_C3D_NO_APT),
    debug: values.debug,
    werror: values.werror || isOn(env.TORCH_C3D_WERROR),
    sanitize: values.sanitize,
    printLibTorch: values['print-libtorch'],
  }
}

/** @param {string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args,
      options: {
        libtorch: { type: 'string' },
        debug: { type: 'boolean', default: false },
        werror: { type: 'boolean', default: false },
        sanitize: { type: 'string', default: '' },
        'print-libtorch': { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw new SetupError(error instanceof Error ? error.message : String(error))
  }
}

/** @param {NodeJS.ProcessEnv} env */
export function cacheFolder(env) {
  if (env.TORCH_C3D_CACHE) return path.resolve(env.TORCH_C3D_CACHE)
  return path.join(env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'torch-c3d')
}

/**
 * @param {string | undefined} value
 * @returns {Build | undefined}
 */
function readBuild(value) {
  if (!value) return undefined
  if (value === 'cpu' || value === 'cuda') return value
  throw new SetupError(`--libtorch (or TORCH_C3D_LIBTORCH) is 'cpu' or 'cuda'; it is '${value}'.`)
}

/** @param {string | undefined} value */
function isOn(value) {
  return value !== undefined && value !== '' && value !== '0'
}
