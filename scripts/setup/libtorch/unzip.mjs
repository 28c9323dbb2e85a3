import { capture } from '../process.mjs'
import { SetupError } from '../report.mjs'

/**
 * With Python, which is there, because `unzip` often is not.
 * @param {string} archive
 * @param {string} folder
 */
export function unzip(archive, folder) {
  const { ok, stderr } = capture('python3', ['-m', 'zipfile', '-e', archive, folder])
  if (!ok) throw new SetupError(`${archive} could not be unpacked: ${stderr.split('\n').at(-1)}`)
}
