import { parse } from './config/parse'
import { type RuntimeOptions, runtimeSchema } from './config/runtime'
import { addon } from './native/addon'
import { fromNative } from './native/errors'
import { packageVersion } from './package-info'
import { predictions, setConcurrency } from './prediction-queue'

export interface RuntimeInfo {
  /** Of this package. */
  version: string
  libtorch: string
  /** What `device` may be: 'cpu', and 'cuda:<number>' for every CUDA device. */
  devices: string[]
  /** Threads that each computing task uses. */
  threads: number
  /** Predictions that are in work at once, and evaluations. */
  concurrency: number
  /** The instruction set that LibTorch computes with, e.g. 'AVX2'. */
  cpuCapability: string
  /** FFmpeg's version; null where videos cannot be read, and then `ffmpegProblem` says why. */
  ffmpeg: string | null
  ffmpegProblem?: string
  /** Image formats that frame folders may have. */
  images: string[]
}

/** Bytes of tensors of a megabyte and more on the CPU. */
export interface MemoryUse {
  inUse: number
  /** The most that was ever in use. */
  peak: number
  /** Free, and kept for the next tensors: see `configure({ idleMemory })`. */
  idle: number
}

/** What the package runs on, and how many threads it takes. Settings hold for the thread (worker) that makes them. */
export const runtime = {
  /** @throws C3D_NATIVE_MISSING */
  info(): RuntimeInfo {
    const { cudaDevices, ...info } = addon().runtimeInfo()
    return {
      version: packageVersion,
      libtorch: info.libtorch,
      devices: ['cpu', ...Array.from({ length: cudaDevices }, (_, i) => `cuda:${i}`)],
      threads: info.threads,
      concurrency: predictions.concurrency,
      cpuCapability: info.cpuCapability,
      ...ffmpeg(),
      images: info.images,
    }
  },

  /** @throws C3D_INVALID_CONFIG */
  configure(options: RuntimeOptions): void {
    const { threads, concurrency, idleMemory } = parse(runtimeSchema, options, 'runtime')
    if (threads !== undefined) addon().setThreads(threads)
    if (concurrency !== undefined) setConcurrency(concurrency)
    if (idleMemory !== undefined) addon().setMaxIdleMemory(idleMemory)
  },

  /** What large tensors on the CPU take, in the whole process. */
  memory(): MemoryUse {
    return addon().memoryUse()
  },

  /** Gives memory that is kept for coming tensors back to the system; the bytes that it was. */
  releaseMemory(): number {
    return addon().releaseMemory()
  },
}

function ffmpeg(): Pick<RuntimeInfo, 'ffmpeg' | 'ffmpegProblem'> {
  try {
    return { ffmpeg: addon().videoBackend() }
  } catch (error) {
    return { ffmpeg: null, ffmpegProblem: fromNative(error).message }
  }
}
