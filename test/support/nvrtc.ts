import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { cacheFolder } from '../../lib/config/cache'

export interface CudaUnit {
  source: string
  /** 'LANES=8' */
  macros: string[]
  /** That are asked of it. */
  kernels: string[]
}

export interface CudaUnitResult {
  /** NVRTC's number; 0: it compiles. */
  error: number
  /** Warnings as well. */
  log: string
  /** Kernels that the machine code has not got. */
  missing: string[]
}

/** Compiles for the oldest GPU that NVRTC knows; what there is no NVRTC for has a `problem`. */
export function compileCuda(units: readonly CudaUnit[]): { problem?: string; results: CudaUnitResult[] } {
  const input = JSON.stringify({ folders: folders(), units })
  const { error, status, stdout, stderr } = spawnSync('python3', [path.join(__dirname, 'nvrtc.py')], {
    input,
    encoding: 'utf8',
  })
  if (error) return { problem: `python3 cannot be run: ${error.message}`, results: [] }
  if (status !== 0) throw new Error(stderr)
  return { results: [], ...JSON.parse(stdout) }
}

/** Beside the LibTorch that was built with, and beside those of other builds. */
function folders(): string[] {
  const record = path.resolve(__dirname, '../../build/setup.json')
  const { libtorch } = JSON.parse(readFileSync(record, 'utf8')) as { libtorch: { path: string } }
  return [path.dirname(libtorch.path), path.join(cacheFolder(), 'libtorch-*')]
}

/** A describe block that is skipped, with the reason in its name, where there is no NVRTC. */
export function describeWithNvrtc(name: string, tests: () => void): void {
  const { problem } = compileCuda([])
  if (problem === undefined) describe(name, tests)
  else describe.skip(`${name} (skipped: ${problem})`, tests)
}
