import { capture, show } from './process.mjs'
import { say } from './report.mjs'

/**
 * Installs Debian packages where that takes nobody's password.
 * @param {import('./options.mjs').Options} options
 * @param {string[]} packages
 * @param {string[]} missing What they are for, in words.
 * @returns {boolean} whether they were installed
 */
export function installWithApt(options, packages, missing) {
  const root = process.getuid?.() === 0
  if (!options.apt || !root || capture('apt-get', ['--version']).missing) return false
  say(`installing ${missing.join(', ')} with apt-get (TORCH_C3D_NO_APT=1 forbids it): ${packages.join(' ')}`)
  const env = { ...options.env, DEBIAN_FRONTEND: 'noninteractive' }
  // The lists of a fresh container are empty. Without a network the lists that are there may still do.
  show('apt-get', ['update', '-qq'], { env })
  const installed = show('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env })
  if (!installed) say('apt-get could not install them.')
  return installed
}
