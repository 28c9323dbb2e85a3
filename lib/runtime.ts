import { parse } from './config/parse'
import { automaticPrecision, type Precision } from './config/precision'
import { memoryDeviceSchema, type RuntimeOptions, runtimeSchema } from './config/runtime'
import { addon } from './native/addon'
import { fromNative, rethrowNative } from './native/errors'
import { runTask } from './native/task'
import { packageVersion } from './package-info'
import { knownFailures } from './precision/self-check'
import { predictions, setConcurrency } from './prediction-queue'

export interface RuntimeInfo {
  /** Of this package. */
  version: string
  libtorch: string
  /** A CPU build of LibTorch never finds a CUDA device. */
  libtorchBuild: 'cpu' | 'cuda'
  /** What `device` may be: 'cpu', and 'cuda:<number>' for every CUDA device. */
  devices: string[]
  /** Threads that each computing task uses. */
  threads: number
  /** Predictions that are in work at once, and evaluations. */
  concurrency: number
  /** The instruction set that LibTorch computes with, e.g. 'AVX2'. */
  cpuCapability: string
  precision: {
    /** What `precision: 'auto'` is on the device that `device: 'auto'` is, and why. */
    auto: Precision
    reason: string
    /**
     * Convolutions that have been found wrong in lower precision on this machine, when a network that has them was
     * first to use it. They compute in float32.
     */
    failed: string[]
  }
  /** Whether CUDA devices may round the factors of float32 products to TF32. */
  tf32: boolean
  /** Whether CUDA devices compute by such algorithms only as give the same bits in every run. */
  deterministic: boolean
  /** Whether cuDNN tries its algorithms at the first pass of each shape; never where `deterministic` is true. */
  cudnnBenchmark: boolean
  /** FFmpeg's version; null where videos cannot be read, and then `ffmpegProblem` says why. */
  ffmpeg: string | null
  ffmpegProblem?: string
  /** Image formats that frame folders may have. */
  images: string[]
}

/** Bytes of tensors: on the CPU of those of a megabyte and more, on a CUDA device of all. */
export interface MemoryUse {
  inUse: number
  /** The most that was ever in use. */
  peak: number
  /** Free, and kept for the next tensors: see `configure({ idleMemory })`. */
  idle: number
}

/** Floating-point operations a second, of all threads that compute together. */
export interface Peaks {
  /** Of fused multiply-adds; null where this is not known how to measure. */
  float32: number | null
  /** Of AVX-512's bfloat16 dot products; null where the processor has none. */
  bfloat16: number | null
}

/** What the package runs on, and how many threads it takes. Settings hold for the thread (worker) that makes them. */
export const runtime = {
  /** @throws C3D_NATIVE_MISSING */
  info(): RuntimeInfo {
    const { cudaDevices, ...info } = addon().runtimeInfo()
    return {
      version: packageVersion,
      libtorch: info.libtorch,
      libtorchBuild: info.cudaBuild ? 'cuda' : 'cpu',
      devices: ['cpu', ...Array.from({ length: cudaDevices }, (_, i) => `cuda:${i}`)],
      threads: info.threads,
      concurrency: predictions.concurrency,
      cpuCapability: info.cpuCapability,
      precision: precisionInfo(),
      tf32: info.tf32,
      deterministic: info.deterministic,
      cudnnBenchmark: info.cudnnBenchmark,
      ...ffmpeg(),
      images: info.images,
    }
  },

  /** @throws C3D_INVALID_CONFIG */
  configure(options: RuntimeOptions): void {
    const { threads, concurrency, idleMemory, ...cuda } = parse(runtimeSchema, options, 'runtime')
    if (threads !== undefined) addon().setThreads(threads)
    if (concurrency !== undefined) setConcurrency(concurrency)
    if (idleMemory !== undefined) addon().setMaxIdleMemory(idleMemory)
    if (Object.values(cuda).some((value) => value !== undefined)) addon().setCudaSwitches(cuda)
  },

  /**
   * What tensors take of a device's memory, in the whole process.
   *
   * @param device 'cpu', 'cuda' or 'cuda:<number>'
   * @throws C3D_INVALID_CONFIG, C3D_DEVICE
   */
  memory(device?: string): MemoryUse {
    const name = parse(memoryDeviceSchema, device, 'memory')
    return rethrowNative(() => addon().memoryUse(name))
  },

  /**
   * What the processor can do at most, to judge how near a computation comes to it: measured by a loop that does nothing
   * else, for about half a second.
   */
  async measurePeaks(): Promise<Peaks> {
    const { float32, bfloat16 } = await runTask(() => addon().measurePeaks())
    return { float32: float32 || null, bfloat16: bfloat16 || null }
  },

  /** Gives memory that is kept for coming tensors back to the system; the bytes that it was. */
  releaseMemory(): number {
    return addon().releaseMemory()
  },
}

function precisionInfo(): RuntimeInfo['precision'] {
  const { precision, reason } = automaticPrecision(addon().deviceTraits('auto'))
  return { auto: precision, reason, failed: knownFailures() }
}

function ffmpeg(): Pick<RuntimeInfo, 'ffmpeg' | 'ffmpegProblem'> {
  try {
    return { ffmpeg: addon().videoBackend() }
  } catch (error) {
    return { ffmpeg: null, ffmpegProblem: fromNative(error).message }
  }
}
