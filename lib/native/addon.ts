import { existsSync } from 'node:fs'
import path from 'node:path'
import { defaultCudaSwitches, defaultIdleMemory } from '../config/runtime'
import { packageRoot } from '../package-info'
import type { NativeBinding } from './binding'
import { C3DError, messageOf } from './errors'

const PLUGIN_FILE = 'c3d_ffmpeg.so'

let loaded: NativeBinding | undefined

/** The addon of this thread, loaded on first use. Throws C3D_NATIVE_MISSING that lists every place looked at. */
export function addon(): NativeBinding {
  loaded ??= load()
  return loaded
}

/** Where the addon is looked for: the user's own build first, then one that came with the package. */
export function addonFiles(): string[] {
  const platform = `${process.platform}-${process.arch}`
  return [
    path.join(packageRoot, 'build', 'Release', 'torch_c3d.node'),
    path.join(packageRoot, 'prebuilds', platform, 'node.napi.node'),
  ]
}

function load(): NativeBinding {
  waitPassively()
  const failures: string[] = []
  for (const file of addonFiles()) {
    if (!existsSync(file)) {
      failures.push(`${file}: no such file`)
      continue
    }
    try {
      const binding = require(file) as NativeBinding
      binding.setUpMemory(defaultIdleMemory())
      binding.setDefaultCudaSwitches(defaultCudaSwitches)
      binding.setVideoPlugin(path.join(path.dirname(file), PLUGIN_FILE))
      return binding
    } catch (error) {
      failures.push(`${file}: ${messageOf(error)}`)
    }
  }
  throw new C3DError('C3D_NATIVE_MISSING', helpText(failures))
}

/**
 * LibTorch's threads (OpenMP) meet at a barrier after every operator. By default they spin there, and where another
 * thread or process holds a core, the decoding of the next clips for one, all wait for that spinning to end: small
 * networks then train twenty times slower. OpenMP reads this variable once, when LibTorch is loaded. It does not reach
 * OpenMP from a worker thread, whose environment is a copy: there, load the package in the main thread first.
 */
function waitPassively(): void {
  process.env.OMP_WAIT_POLICY ??= 'PASSIVE'
}

function helpText(failures: string[]): string {
  return [
    `Could not load the native part of torch-c3d for ${process.platform}-${process.arch}, Node ${process.version}.`,
    'Looked at:',
    ...failures.map((failure) => `  - ${failure}`),
    'Possible solutions:',
    `  - Build it: run \`npm run build:native\` in ${packageRoot}. It looks for LibTorch, or fetches it, and says what it needs.`,
    '  - If install scripts were blocked (npm 11 and later ask for approval), approve torch-c3d and run `npm rebuild torch-c3d`.',
    '  - If a LibTorch library is named above: the LibTorch that it was built with has moved. Build again, with LIBTORCH set to its folder.',
    '  - If a libstdc++ or glibc version is named above: the addon was built on a newer system. Build it on this one.',
    '  - node_modules copied from another machine do not work: run `npm install` on this one.',
  ].join('\n')
}
