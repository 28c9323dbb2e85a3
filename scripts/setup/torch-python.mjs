import fs from 'node:fs'
import path from 'node:path'
import { capture } from './process.mjs'
import { readRecord } from './record.mjs'
import { say } from './report.mjs'

/** What torch imports, sooner or later. */
const PACKAGES = ['numpy', 'typing_extensions', 'sympy', 'networkx', 'jinja2', 'fsspec', 'filelock']

/**
 * Writes the folders from which python3 imports the torch that the addon was built with, as a list, unless it is there
 * and holds. Where there are none, there is no file afterwards.
 *
 * @param {string} name of the file, in build/
 * @param {{ root: string, cache: string, env: NodeJS.ProcessEnv }} options
 * @param {{ modules: string[], purpose: string }} wanted all that has to be imported, and what for
 * @returns why there are none; '' if there are
 */
export function writePythonPath(name, options, wanted) {
  const file = path.join(options.root, 'build', name)
  const libtorch = readRecord(options.root)?.libtorch.path ?? ''
  if (isUpToDate(file, libtorch)) return ''
  fs.rmSync(file, { force: true })
  const { folders, problem } = findTorchPython(libtorch, options, wanted)
  if (problem === '') fs.writeFileSync(file, `${JSON.stringify(folders, null, 2)}\n`)
  return problem
}

/**
 * @param {string} file
 * @param {string} libtorch
 */
function isUpToDate(file, libtorch) {
  if (!fs.existsSync(file)) return false
  /** @type {string[]} */
  const folders = JSON.parse(fs.readFileSync(file, 'utf8'))
  return folders.includes(path.dirname(libtorch)) && folders.every((folder) => fs.existsSync(folder))
}

/**
 * LibTorch from a wheel is Python's torch as well, but for the packages that it depends on.
 * @param {string} libtorch
 * @param {{ cache: string, env: NodeJS.ProcessEnv }} options
 * @param {{ modules: string[], purpose: string }} wanted
 * @returns {{ folders: string[], problem: string }} from where python3 imports the modules, or why it cannot
 */
function findTorchPython(libtorch, { cache, env }, { modules, purpose }) {
  if (path.basename(libtorch) !== 'torch' || !fs.existsSync(path.join(libtorch, '__init__.py'))) {
    return { folders: [], problem: `LibTorch (${libtorch || 'not built with yet'}) is not a Python package` }
  }
  const torch = path.dirname(libtorch)
  if (importProblem([torch], modules, env) === '') return { folders: [torch], problem: '' }

  const version = capture('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], { env })
  const packages = path.join(cache, `python-${version.stdout}-packages`)
  if (!fs.existsSync(packages)) {
    say(`fetching what Python's torch needs, for ${purpose}: ${PACKAGES.join(' ')}`)
    const problem = install(packages, env)
    if (problem) return { folders: [], problem }
  }
  const folders = [packages, torch]
  return { folders, problem: importProblem(folders, modules, env) }
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
 * @param {string[]} modules
 * @param {NodeJS.ProcessEnv} env
 */
function importProblem(folders, modules, env) {
  const PYTHONPATH = folders.join(path.delimiter)
  const names = modules.join(', ')
  const { ok, stderr } = capture('python3', ['-c', `import ${names}`], { env: { ...env, PYTHONPATH } })
  return ok ? '' : `python3 cannot import ${names}: ${stderr.split('\n').at(-1)}`
}
