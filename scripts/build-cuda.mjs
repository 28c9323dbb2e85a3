// Builds the addon with the CUDA build of LibTorch, which is fetched if need be (some GB), and loads it, to show that
// what is built with the CPU build works with CUDA as well. A machine without a GPU will do. In a folder of its own: the
// addon in build/Release stays.
import path from 'node:path'
import { cmakeDefinitions, compile } from './setup/build.mjs'
import { checkAddon, describeAddon } from './setup/check-addon.mjs'
import { hasNvidiaGpu } from './setup/gpu.mjs'
import { findLibTorch } from './setup/libtorch/find.mjs'
import { readOptions } from './setup/options.mjs'
import { SetupError, say } from './setup/report.mjs'
import { requireBuildTools } from './setup/tools.mjs'

try {
  const options = readOptions(['--libtorch', 'cuda', ...process.argv.slice(2)], process.env)
  requireBuildTools()
  const libtorch = await findLibTorch(options)
  say(`LibTorch ${libtorch.version} from ${libtorch.source}: ${libtorch.path}`)

  const folder = path.join(options.root, 'build/cuda')
  // The FFmpeg plug-in does not know LibTorch.
  compile(options, folder, cmakeDefinitions(options, libtorch, false))
  const info = checkAddon(path.join(folder, 'Release/torch_c3d.node'), '')
  // Where the linker has dropped libtorch_cuda, everything works but for CUDA.
  if (!info.cudaBuild)
    throw new SetupError(`the addon does not load LibTorch's CUDA part: ${describeAddon(info)}`)
  if (hasNvidiaGpu() && info.cudaDevices === 0) {
    throw new SetupError(`the addon does not see this machine's GPU: ${describeAddon(info)}`)
  }
  say(`built with CUDA and loaded: ${describeAddon(info)}`)
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  say(error.message)
  process.exitCode = 1
}
