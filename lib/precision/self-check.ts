import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Architecture } from '../config/architectures'
import { precisionFolder } from '../config/cache'
import { type Precision, selfCheckTolerance } from '../config/precision'
import { replaceFile } from '../files/replace-file'
import { addon } from '../native/addon'
import type { NativeConvolutionErrors, NativeConvolutionShape } from '../native/binding'
import { runTask } from '../native/task'

/**
 * Whether convolutions in lower precision compute what they should. LibTorch's own may not: oneDNN's have had weight
 * gradients that were uninitialised memory, for some shapes on some processors. So every shape of a network is
 * compared with float32 once on a machine, before it is used, and what came out is kept in the package's cache.
 */

/** A convolution that is wrong in a precision. */
export interface FailedConvolution {
  layer: string
  /** What is wrong with it. */
  problem: string
}

type LowPrecision = Exclude<Precision, 'float32'>

/** null: NaN or infinite, which JSON has no word for. */
type Outcome = { [K in keyof NativeConvolutionErrors]: number | null }

/** By what `keyOf` gives. */
type SelfCheckRecord = Record<string, Outcome>

/** The convolutions of a network that fail on a device, after checking those whose outcome is not known yet. */
export async function failedConvolutions(
  architecture: Architecture,
  device: string,
  precision: LowPrecision,
  signal?: AbortSignal,
): Promise<FailedConvolution[]> {
  const layers = convolutionsOf(architecture).map(({ name, shape }) => ({
    name,
    shape,
    key: keyOf(shape, device, precision),
  }))
  const file = recordFile()
  let record = readRecord(file)
  const unknown = new Map(
    layers.filter(({ key }) => !Object.hasOwn(record, key)).map(({ key, shape }) => [key, shape]),
  )
  if (unknown.size > 0) {
    const convolutions = [...unknown.values()]
    const errors = await runTask(() => addon().checkConvolutions({ device, precision, convolutions }), signal)
    const found = [...unknown.keys()].map((key, i) => [key, finiteOnly(errors[i])] as const)
    // Read again: another process may have written meanwhile.
    record = { ...readRecord(file), ...Object.fromEntries(found) }
    await writeRecord(file, record)
  }
  return layers.flatMap(({ name, key }) => {
    const problem = problemOf(record[key])
    return problem === undefined ? [] : [{ layer: name, problem }]
  })
}

/** All that is known to fail on this machine: 'bfloat16 64x2x7x7 -> 64, kernel 3x3x3, on cpu: …'. */
export function knownFailures(): string[] {
  return Object.entries(readRecord(recordFile())).flatMap(([key, outcome]) => {
    const problem = problemOf(outcome)
    return problem === undefined ? [] : [`${key}: ${problem}`]
  })
}

function convolutionsOf(architecture: Architecture): { name: string; shape: NativeConvolutionShape }[] {
  const { frames, height, width } = architecture.input
  // The number of classes changes no convolution.
  const { layers } = addon().describeArchitecture(architecture, 2)
  return architecture.layers.flatMap((layer, i) => {
    if (layer.type !== 'conv') return []
    const [channels = 0, ...size] = i === 0 ? [3, frames, height, width] : (layers[i - 1]?.output ?? [])
    const input = size as [number, number, number]
    return [{ name: layer.name, shape: { channels, filters: layer.filters, kernel: layer.kernel, input } }]
  })
}

function keyOf(
  { channels, filters, kernel, input }: NativeConvolutionShape,
  device: string,
  precision: Precision,
): string {
  return `${precision} ${[channels, ...input].join('x')} -> ${filters}, kernel ${kernel.join('x')}, on ${device}`
}

/** Of this LibTorch on this processor: the folder may be shared by several machines. */
function recordFile(): string {
  const { libtorch, cpuCapability, cudaDevices } = addon().runtimeInfo()
  const { processor } = addon().deviceTraits('cpu')
  const machine = JSON.stringify([processor, cpuCapability, cudaDevices, graphicsDriver()])
  const digest = createHash('sha256').update(machine).digest('hex').slice(0, 16)
  return path.join(precisionFolder(), `libtorch-${libtorch}-${digest}.json`)
}

/** NVIDIA's version of it, which cuDNN's kernels depend on; '' where there is none. */
function graphicsDriver(): string {
  try {
    return readFileSync('/proc/driver/nvidia/version', 'utf8')
  } catch {
    return ''
  }
}

/** Empty where there is none, or none that can be used: then all is checked again. */
function readRecord(file: string): SelfCheckRecord {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'))
    const entries = Object.entries(content as object).filter((entry): entry is [string, Outcome] =>
      isOutcome(entry[1]),
    )
    return Object.fromEntries(entries)
  } catch {
    return {}
  }
}

/** A folder that cannot be written to costs a new check next time, and nothing else. */
async function writeRecord(file: string, record: SelfCheckRecord): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true })
    await replaceFile(file, `${JSON.stringify(record, null, 2)}\n`)
  } catch {}
}

const RESULTS = {
  output: 'output',
  inputGradient: 'input gradient',
  weightGradient: 'weight gradient',
} as const
const resultNames = Object.keys(RESULTS) as (keyof typeof RESULTS)[]

function isOutcome(value: unknown): value is Outcome {
  if (typeof value !== 'object' || value === null) return false
  const outcome = value as Record<string, unknown>
  return resultNames.every((name) => outcome[name] === null || typeof outcome[name] === 'number')
}

function finiteOnly(errors: NativeConvolutionErrors | undefined): Outcome {
  const finite = (error: number | undefined) => (error !== undefined && Number.isFinite(error) ? error : null)
  return {
    output: finite(errors?.output),
    inputGradient: finite(errors?.inputGradient),
    weightGradient: finite(errors?.weightGradient),
  }
}

/** What is wrong; undefined where nothing is. */
function problemOf(outcome: Outcome | undefined): string | undefined {
  const wrong = resultNames.flatMap((name) => {
    const error = outcome?.[name] ?? Number.POSITIVE_INFINITY
    if (error <= selfCheckTolerance) return []
    return [
      Number.isFinite(error)
        ? `${RESULTS[name]} off by ${Math.round(100 * error)}%`
        : `${RESULTS[name]} not finite`,
    ]
  })
  return wrong.length === 0 ? undefined : wrong.join(', ')
}
