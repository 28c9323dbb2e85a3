import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Architecture, BackwardRule } from '../../lib'
import { readTensorFile } from '../../lib/weights/safetensors'
import { pythonEnvironment } from '../support/python'

/** What reference.py is asked. */
export interface ReferenceRequest {
  task: 'gradients' | 'batch-norm' | 'train' | 'grad-cam' | 'deconvolution'
  architecture: Architecture
  /** safetensors file with the starting weights. */
  weights: string
  input: Float32Array
  /** [n, 3, frames, height, width] */
  shape: number[]
  /** Class numbers, or for multi-label data a row of 0 and 1 for every clip. */
  labels: number[] | number[][]
  /** For 'gradients': in bfloat16, by torch.autocast. */
  autocast?: boolean
  /**
   * Settings as in TrainingConfig, with `rates`: a learning rate for every step, and `mixes`: how the clips of every step
   * are ordered and mixed, or null.
   */
  training?: object
  /** For 'batch-norm': in float64; how many passes; layers that are not trained. */
  double?: boolean
  passes?: number
  frozen?: string[]
  /** For 'grad-cam' and 'deconvolution'. */
  layer?: string
  /** For 'deconvolution'. */
  filter?: number
  rule?: BackwardRule
}

/** The files of PyTorch's tensors, computed in `folder`, for many requests at once: Python takes some seconds to start. */
export function askPyTorch(folder: string, requests: readonly ReferenceRequest[]): string[] {
  const files = requests.map((request, i) => {
    const inputFile = path.join(folder, `input-${i}.bin`)
    const requestFile = path.join(folder, `request-${i}.json`)
    writeFileSync(inputFile, new Uint8Array(request.input.buffer))
    writeFileSync(requestFile, JSON.stringify({ ...request, input: inputFile }))
    return [requestFile, path.join(folder, `answer-${i}.safetensors`)] as const
  })
  execFileSync('python3', [path.join(__dirname, 'reference.py'), ...files.flat()], {
    env: { ...process.env, ...pythonEnvironment().variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return files.map(([, answerFile]) => answerFile)
}

/** All float32 tensors of a safetensors file. */
export async function readTensors(file: string): Promise<Map<string, Float32Array>> {
  const bytes = readFileSync(file)
  const { tensors } = await readTensorFile(file)
  return new Map(
    tensors.map(({ name, shape, offset }) => {
      const length = shape.reduce((a, b) => a * b, 1)
      return [
        name,
        new Float32Array(
          bytes.buffer.slice(bytes.byteOffset + offset, bytes.byteOffset + offset + 4 * length),
        ),
      ]
    }),
  )
}

/** The largest difference, as a part of the largest value of `expected`. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY
  // In jest's sandbox, looking up a global takes much longer than all the rest.
  const { abs, max } = Math
  let difference = 0
  let scale = 0
  for (let i = 0; i < expected.length; i++) {
    const value = expected[i] as number
    const error = abs((actual[i] as number) - value)
    if (!(error <= difference)) difference = error // also takes NaN
    scale = max(scale, abs(value))
  }
  return difference / (scale || 1)
}
