import { capture } from './process.mjs'
import { SetupError } from './report.mjs'

/**
 * @typedef {object} AddonInfo What an addon says of itself.
 * @property {string} libtorch
 * @property {boolean} cudaBuild Whether LibTorch is a CUDA build.
 * @property {number} cudaDevices
 * @property {string} cpuCapability
 * @property {number} threads
 * @property {string[]} images
 * @property {string} videos '' without FFmpeg
 */

const CHECK = `
const [addon, plugin] = process.argv.slice(1)
const binding = require(addon)
if (plugin) binding.setVideoPlugin(plugin)
console.log(JSON.stringify({ ...binding.runtimeInfo(), videos: plugin ? binding.videoBackend() : '' }))
`

/**
 * Loads the addon in a process of its own: what builds need not load.
 * @param {string} addon
 * @param {string} plugin '' when it was not built
 * @returns {AddonInfo}
 */
export function checkAddon(addon, plugin) {
  const { ok, stdout, stderr } = capture(process.execPath, ['-e', CHECK, addon, plugin])
  if (ok) return JSON.parse(stdout)
  throw new SetupError(`the addon was built but does not work:\n${stderr}`)
}

/** @param {AddonInfo} info */
export function describeAddon({ libtorch, cudaBuild, cudaDevices, cpuCapability, threads, images, videos }) {
  return [
    `LibTorch ${libtorch}`,
    ...(cudaBuild ? [`CUDA devices: ${cudaDevices}`] : []),
    `CPU ${cpuCapability}`,
    `${threads} threads`,
    ...(images.length > 0 ? [`frames: ${images.join(', ')}`] : []),
    `videos: ${videos || 'none'}`,
  ].join('; ')
}
