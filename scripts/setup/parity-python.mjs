import fs from 'node:fs'
import path from 'node:path'
import { capture } from './process.mjs'
import { say } from './report.mjs'

/** What `import torch` itself imports. */
const PACKAGES = ['numpy', 'typing_extensions', 'sympy', 'networkx', 'jinja2', 'fsspec', 'filelock']

/**
 * LibTorch from a wheel is Python's torch as well, but for the packages that it depends on.
 * @param {string} libtorch
 * @param {{ cache: string, env: NodeJS.ProcessEnv }} options
 * @returns {{ folders: string[], problem: string }} from where python3 imports torch and numpy, or why it cannot
 */
export function findParityPython(libtorch, { cache, env }) {
  if (path.basename(libtorch) !== 'torch' || !fs.existsSync(path.join(libtorch, '__init__.py'))) {
    return { folders: [], problem: `LibTorch (${libtorch || 'not built with yet'}) is not a Python package` }
  }
  const torch = path.dirname(libtorch)
  if (importProblem([torch], env) === '') return { folders: [torch], problem: '' }

  const version = capture('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], { env })
  const packages = path.join(cache, `python-${version.stdout}-packages`)
  if (!fs.existsSync(packages)) {
    say(`fetching what Python's torch needs, for the parity tests: ${PACKAGES.join(' ')}`)
    const problem = install(packages, env)
    if (problem) return { folders: [], problem }
  }
  const folders = [packages, torch]
  return { folders, problem: importProblem(folders, env) }
}

/**
 * @param {string} folder
 * @param {NodeJS.ProcessEnv} env
 */
function install(folder, env) {
  const args = ['-m', 'pip', 'install', '--quiet', '--only-binary=:all:', '--target', folder, ...PACKAGES]
  const { ok, stderr } = capture('python3', args, { env })
  if (ok) return ''
  fs.rmSync(folder, { recursive: true, force: true })
  return `pip could not fetch ${PACKAGES.join(' ')}: ${stderr.split('\n').at(-1)}`
}

/**
 * @param {string[]} folders
 * @param {NodeJS.ProcessEnv} env
 */
function importProblem(folders, env) {
  const PYTHONPATH = folders.join(path.delimiter)
  const { ok, stderr } = capture('python3', ['-c', 'import numpy, torch'], { env: { ...env, PYTHONPATH } })
  return ok ? '' : `python3 cannot import torch and numpy: ${stderr.split('\n').at(-1)}`
}
