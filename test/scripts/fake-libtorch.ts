import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

interface FakeLibTorch {
  version?: string
  cuda?: boolean
  /** Whether the dynamic linker can load it. */
  loads?: boolean
}

/** A folder that looks like LibTorch to the set-up. */
export function makeLibTorch(folder: string, { version = '2.13.0', cuda, loads = true }: FakeLibTorch = {}) {
  const suffix = process.platform === 'darwin' ? 'dylib' : 'so'
  const headers = path.join(folder, 'include/torch/csrc/api/include/torch')
  mkdirSync(headers, { recursive: true })
  mkdirSync(path.join(folder, 'lib'))
  writeFileSync(path.join(headers, 'torch.h'), '')
  writeFileSync(path.join(folder, 'version.py'), `__version__ = '${version}'\n`)
  for (const name of ['torch_cpu', 'c10', ...(cuda ? ['torch_cuda'] : [])]) {
    writeFileSync(path.join(folder, `lib/lib${name}.${suffix}`), '')
  }
  const library = path.join(folder, `lib/libtorch.${suffix}`)
  writeFileSync(library, 'not a library')
  if (loads) makeLibrary(library)
  return folder
}

export function makeLibrary(file: string) {
  execFileSync('cc', ['-shared', '-x', 'c', '-o', file, '/dev/null'])
}
