import fs from 'node:fs'
import path from 'node:path'
import { capture } from '../process.mjs'
import { isSupported, SUPPORTED } from './release.mjs'

/**
 * @typedef {object} LibTorch
 * @property {string} path The folder that holds include/ and lib/.
 * @property {string} version
 * @property {import('../options.mjs').Build} build
 *
 * @typedef {object} Refusal
 * @property {string} refused Why a folder cannot be used.
 */

const LIBRARY_SUFFIX = process.platform === 'darwin' ? '.dylib' : '.so'

/**
 * Reads what a folder holds, without running anything of it.
 * @param {string} folder
 * @returns {LibTorch | Refusal}
 */
export function inspect(folder) {
  if (!fs.existsSync(folder)) return { refused: `there is no folder ${folder}` }
  for (const part of ['include/torch/csrc/api/include/torch/torch.h', library('torch_cpu'), library('c10')]) {
    if (!fs.existsSync(path.join(folder, part))) return { refused: `${folder} has no ${part}` }
  }
  const version = readVersion(folder)
  if (!version) return { refused: `${folder} does not tell its version` }
  if (!isSupported(version)) return { refused: `${folder} is version ${version}; ${SUPPORTED} is needed` }
  const build = fs.existsSync(path.join(folder, library('torch_cuda'))) ? 'cuda' : 'cpu'
  return { path: fs.realpathSync(folder), version, build }
}

/** @param {string} name */
function library(name) {
  return `lib/lib${name}${LIBRARY_SUFFIX}`
}

/**
 * Python's torch and the archive each tell it in a file of their own; the header lacks the '+cpu' or '+cu130'.
 * @param {string} folder
 */
function readVersion(folder) {
  const python = read(path.join(folder, 'version.py')).match(/^__version__ = '([^']+)'/m)?.[1]
  const archive = read(path.join(folder, 'build-version')).trim()
  const header = read(path.join(folder, 'include/torch/csrc/api/include/torch/version.h'))
  return python || archive || header.match(/#define TORCH_VERSION "([^"]+)"/)?.[1] || ''
}

/** @param {string} file */
function read(file) {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/**
 * Loads the library in a process of its own, because what a build needs shows only then: PyPI's CUDA build, for one,
 * needs CUDA's run-time libraries even where there is no GPU.
 * @param {LibTorch} libtorch
 * @returns {string} why it does not load; '' when it does, or when there is no Python to try it with
 */
export function loadProblem(libtorch) {
  const file = path.join(libtorch.path, library('torch'))
  const code = 'import ctypes, sys; ctypes.CDLL(sys.argv[1])'
  const { ok, missing, stderr } = capture('python3', ['-c', code, file])
  return ok || missing ? '' : (stderr.split('\n').at(-1) ?? stderr)
}
