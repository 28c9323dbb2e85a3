import type { ArchitectureInput } from './config/architectures'
import { type ComputeSpeedOptions, computeSpeedSchema } from './config/compute-speed'
import { parse } from './config/parse'
import type { Precision } from './config/precision'
import { C3D, modelState } from './model'
import { choosePrecision } from './precision/choose'
import { runtime } from './runtime'

const WARM_UP = 2

/** How fast a network computes: a forward pass, and a training step with its update of the weights. */
export interface ComputeSpeed {
  device: string
  batchSize: number
  precision: Precision
  forward: ComputeRate
  step: ComputeRate
}

export interface ComputeRate {
  /** For a batch, the median. */
  seconds: number
  clipsPerSecond: number
  /** Floating-point operations a second: two for each multiply-accumulate of the layers. */
  flops: number
  /**
   * The part of what the processor can do at most (`runtime.measurePeaks`), measured right before; null where that is not
   * known.
   */
  ofPeak: number | null
}

/**
 * Measures how fast a network is trained and run on this machine, on noise.
 *
 * @example (await computeSpeed('c3d', { batchSize: 8 })).step.clipsPerSecond
 * @throws C3D_INVALID_CONFIG, C3D_ARCHITECTURE, C3D_OUT_OF_MEMORY, C3D_ABORTED
 */
export async function computeSpeed(
  architecture: ArchitectureInput,
  options: ComputeSpeedOptions = {},
): Promise<ComputeSpeed> {
  const { classes, preset, device, signal, ...settings } = parse(computeSpeedSchema, options, 'computeSpeed')
  const names = Array.from({ length: classes }, (_, i) => String(i))
  using model = await C3D.create({ architecture, classes: names, preset, device, signal })
  const chosen = await choosePrecision(
    modelState(model),
    settings.precision,
    'computeSpeed.precision',
    signal,
  )
  return await measure(model, { ...settings, precision: chosen.precision, signal })
}

interface Measuring {
  batchSize: number
  rounds: number
  precision: Precision
  signal: AbortSignal | undefined
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined
}

async function measure(
  model: C3D,
  { batchSize, rounds, precision, signal, onProgress }: Measuring,
): Promise<ComputeSpeed> {
  const { frames, height, width } = model.architecture.input
  const shape = [batchSize, 3, frames, height, width]
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => 2 * Math.random() - 1)
  const labels = Array.from({ length: batchSize }, (_, i) => i % model.classes.length)
  // At so small a rate that noise cannot lead to numbers that are slow to compute with.
  const optimizer = { learningRate: 1e-6 }
  using trainer = model.trainer({ precision, optimizer, schedule: { type: 'constant' } })
  const peak = await peakOf(model.device, precision)
  const total = 2 * (WARM_UP + rounds)
  let done = 0
  const seconds = async (run: () => Promise<unknown>): Promise<number> => {
    const times: number[] = []
    for (let round = 0; round < WARM_UP + rounds; ++round) {
      const began = performance.now()
      await run()
      times.push((performance.now() - began) / 1000)
      onProgress?.({ done: ++done, total })
    }
    return median(times.slice(WARM_UP))
  }
  const rate = (time: number, macs: number): ComputeRate => {
    const flops = (2 * batchSize * macs) / time
    return { seconds: time, clipsPerSecond: batchSize / time, flops, ofPeak: peak && flops / peak }
  }
  const { macs, layers } = model.summary()
  const forward = await seconds(() => model.forward({ data, shape }, { precision, signal }))
  const step = await seconds(() => trainer.step({ clips: { data, shape }, labels }, { signal }))
  // Backward makes two gradients, each as dear as forward, but none of the clip.
  const stepMacs = 3 * macs - (layers[0]?.macs ?? 0)
  return {
    device: model.device,
    batchSize,
    precision,
    forward: rate(forward, macs),
    step: rate(step, stepMacs),
  }
}

async function peakOf(device: string, precision: Precision): Promise<number | null> {
  if (device !== 'cpu' || precision === 'float16') return null
  return (await runtime.measurePeaks())[precision]
}

function median(numbers: number[]): number {
  return numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}
