import { capture } from '../process.mjs'
import { SetupError } from '../report.mjs'

/**
 * With what is there anyway, because `unzip` often is not: Python, or CMake where there is no Python.
 * @param {string} archive
 * @param {string} folder
 */
export function unzip(archive, folder) {
  const python = capture('python3', ['-m', 'zipfile', '-e', archive, folder])
  const { ok, stderr } = python.missing
    ? capture('cmake', ['-E', 'tar', 'xf', archive], { cwd: folder })
    : python
  if (!ok) throw new SetupError(`${archive} could not be unpacked: ${stderr.split('\n').at(-1)}`)
}
