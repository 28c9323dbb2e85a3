// What `npm install` runs: finds or fetches LibTorch, looks for FFmpeg and the image libraries, builds the addon. Every
// step leaves alone what is already done. CONTRIBUTING.md lists the options.
import { buildNative } from './setup/build.mjs'
import { findLibTorch } from './setup/libtorch/find.mjs'
import { findMediaLibraries } from './setup/media-libraries.mjs'
import { readOptions } from './setup/options.mjs'
import { SetupError, say } from './setup/report.mjs'
import { requireBuildTools } from './setup/tools.mjs'

async function main() {
  const options = readOptions(process.argv.slice(2), process.env)
  if (options.printLibTorch) {
    console.log((await findLibTorch(options)).path)
    return
  }
  requireBuildTools()
  const libtorch = await findLibTorch(options)
  const [version] = libtorch.version.split('+')
  say(`LibTorch ${version} (${libtorch.build}) from ${libtorch.source}: ${libtorch.path}`)
  const media = findMediaLibraries(options)
  buildNative(options, libtorch, media)
}

try {
  await main()
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  say(error.message)
  process.exitCode = 1
}
