import { capture } from './process.mjs'
import { SetupError } from './report.mjs'

const CHECK = `
const [addon, plugin] = process.argv.slice(1)
const binding = require(addon)
const { libtorch, cudaAvailable, cpuCapability, threads, images } = binding.runtimeInfo()
const parts = ['LibTorch ' + libtorch, cudaAvailable ? 'CUDA' : 'CPU ' + cpuCapability, threads + ' threads']
if (images.length > 0) parts.push('frames: ' + images.join(', '))
if (plugin) {
  binding.setVideoPlugin(plugin)
  parts.push('videos: ' + binding.videoBackend())
} else {
  parts.push('videos: none, without FFmpeg (see above)')
}
console.log(parts.join('; '))
`

/**
 * Loads the addon in a process of its own: what builds need not load.
 * @param {string} addon
 * @param {string} plugin '' when it was not built
 * @returns {string} what the addon says of itself
 */
export function checkAddon(addon, plugin) {
  const { ok, stdout, stderr } = capture(process.execPath, ['-e', CHECK, addon, plugin])
  if (ok) return stdout
  throw new SetupError(`the addon was built but does not work:\n${stderr}`)
}
