import { hasNvidiaGpu } from '../gpu.mjs'
import { SetupError, say } from '../report.mjs'
import { fromArchive } from './from-archive.mjs'
import { fromCache } from './from-cache.mjs'
import { fromEnvironment } from './from-environment.mjs'
import { fromPip } from './from-pip.mjs'
import { fromPython } from './from-python.mjs'
import { SUPPORTED, VERSION } from './release.mjs'

/**
 * @typedef {import('../options.mjs').Build} Build
 * @typedef {import('./inspect.mjs').LibTorch & { source: string }} FoundLibTorch
 *
 * @typedef {object} Search One look-up of LibTorch.
 * @property {import('../options.mjs').Options} options
 * @property {Build[]} builds The builds that will do, the better one first.
 * @property {(place: string, reason: string) => void} refuse Notes why a place did not give LibTorch.
 */

/** What a fetched LibTorch depends on is best known to pip, so pip comes before the archive. */
const PLACES = [fromEnvironment, fromPython, fromCache, fromPip, fromArchive]

/**
 * @param {import('../options.mjs').Options} options
 * @param {((search: Search) => Promise<FoundLibTorch | undefined> | FoundLibTorch | undefined)[]} [places]
 * @returns {Promise<FoundLibTorch>}
 */
export async function findLibTorch(options, places = PLACES) {
  const gpu = options.libtorch === undefined && hasNvidiaGpu()
  /** @type {string[]} */
  const refusals = []
  /** @type {Search} */
  const search = {
    options,
    builds: options.libtorch ? [options.libtorch] : gpu ? ['cuda', 'cpu'] : ['cpu', 'cuda'],
    refuse: (place, reason) => refusals.push(`${place}: ${reason}`),
  }
  for (const place of places) {
    const found = await place(search)
    if (!found) continue
    if (gpu && found.build === 'cpu') {
      say(
        'this machine has an NVIDIA GPU that the CPU build of LibTorch cannot use; `--libtorch cuda` insists.',
      )
    }
    return found
  }
  throw new SetupError(notFound(refusals))
}

/** @param {string[]} refusals */
function notFound(refusals) {
  return `LibTorch was not found. Looked at:
${refusals.map((line) => `  - ${line.replaceAll('\n', '\n    ')}`).join('\n')}
Any of these helps:
  - LIBTORCH=<folder>, with LibTorch ${SUPPORTED} in it: the folder that holds include/ and lib/. It is unpacked from
    https://pytorch.org/get-started/locally/ (LibTorch, C++), or is the folder of an installed Python package.
  - python3 -m pip install torch==${VERSION}, for the python3 on the PATH (in a virtual environment where the system's
    Python refuses), and then \`npm install\` again. Python and pip: apt-get install python3-pip python3-venv (Debian,
    Ubuntu), dnf install python3-pip (Fedora).
  - a pip configuration (pip config set global.index-url …) that reaches an index with torch ${VERSION}.`
}
