import fs from 'node:fs'
import path from 'node:path'
import { capture } from '../process.mjs'
import { say } from '../report.mjs'
import { libtorchIn } from './cache.mjs'
import { inspect, loadProblem } from './inspect.mjs'

/**
 * A CUDA wheel leaves CUDA's run-time libraries to packages of their own, without which it does not load even on a
 * machine without a GPU. They are put beside it, where its libraries look for them.
 * @param {string} entry Folder into which the wheel was unpacked.
 */
export function bringCudaLibraries(entry) {
  const libtorch = inspect(libtorchIn(entry))
  if ('refused' in libtorch || loadProblem(libtorch) === '') return
  const requirements = cudaRequirements(entry)
  if (requirements.length === 0) return
  say('fetching the CUDA libraries that this build of LibTorch needs to load (some GB)')
  // A failure shows when the library is loaded, with the name of what it lacks.
  capture('python3', [
    ...['-m', 'pip', 'install', '--target', entry, '--only-binary=:all:', '--progress-bar=off', '--quiet'],
    ...requirements,
  ])
}

/**
 * The NVIDIA packages among the requirements that the wheel's metadata lists.
 * @param {string} entry
 */
export function cudaRequirements(entry) {
  const info = fs.readdirSync(entry).find((name) => /^torch-.*\.dist-info$/.test(name))
  if (!info) return []
  const metadata = fs.readFileSync(path.join(entry, info, 'METADATA'), 'utf8')
  return [...metadata.matchAll(/^Requires-Dist: ((?:nvidia-|cuda-toolkit)[^;\n]*)/gm)].map((match) =>
    (match[1] ?? '').trim(),
  )
}
