import type {
  NativeBinding,
  NativeClipLoader,
  NativeClipScores,
  NativeModel,
  NativeModelConfig,
  NativeScoreEvent,
  NativeScoreRequest,
  NativeTask,
  NativeTensorInfo,
  NativeTrainEvent,
  NativeTrainer,
  NativeTrainingResult,
  NativeTrainRequest,
  NativeVideoInfo,
  NativeVideoScoreRequest,
  NativeVideoSet,
} from '../../lib/native/binding'

/**
 * A stand-in for the addon, for what lib/ does around it: it computes nothing, answers at once, and tells the test
 * what it was asked. Tests put their own functions in place of these.
 */
export interface FakeBinding extends NativeBinding {
  /** Calls of stopAll. */
  stopped: number
  created: NativeModelConfig[]
}

export function fakeBinding(overrides: Partial<NativeBinding> = {}): FakeBinding {
  const binding: FakeBinding = {
    stopped: 0,
    created: [],
    runtimeInfo: () => ({
      libtorch: '2.13.0',
      cudaBuild: true,
      cudaDevices: 1,
      threads: 2,
      cpuCapability: 'AVX2',
      images: ['jpeg', 'png'],
      tf32: false,
      deterministic: false,
      cudnnBenchmark: true,
    }),
    deviceTraits: (name) => ({ name: name === 'auto' ? 'cuda:0' : name, processor: 'CPU', bfloat16: false }),
    setCudaSwitches: () => {},
    setDefaultCudaSwitches: () => {},
    checkConvolutions: ({ convolutions }) =>
      task(() => convolutions.map(() => ({ output: 0, inputGradient: 0, weightGradient: 0 }))),
    videoBackend: () => 'FFmpeg 7.1',
    setThreads: () => {},
    setUpMemory: () => {},
    memoryUse: () => ({ inUse: 0, peak: 0, idle: 0 }),
    measurePeaks: () => ({ done: Promise.resolve({ float32: 0, bfloat16: 0 }), cancel: () => {} }),
    setMaxIdleMemory: () => {},
    releaseMemory: () => 0,
    setVideoPlugin: () => {},
    stopAll: () => {
      binding.stopped++
    },
    deviceMemory: () => ({ free: 2 ** 33, total: 2 ** 33 }),
    lockFile: () => ({ release: () => {} }),
    describeArchitecture: () => ({
      layers: [],
      parameters: 1,
      macs: 1,
      activationBytes: 1,
    }),
    createModel: (config) => {
      binding.created.push(config)
      return task(() => fakeModel(config))
    },
    indexVideos: (paths, _threads, onEvent) =>
      task(() => {
        const videos = paths.map((path) => fakeVideo(path))
        videos.forEach((latest, i) => {
          onEvent({ done: i + 1, total: paths.length, latest })
        })
        return fakeVideoSet(videos)
      }),
    readFrames: () => task(() => {}),
    openClipCache: () => task(() => null),
    packVideo: () => task(() => {}),
    createClipLoader: () => task(() => fakeClipLoader()),
    train: () => task(() => finished()),
    createTrainer: () => fakeTrainer(),
    score: () => task(() => {}),
    scoreVideo: () => task(() => {}),
    gradCam: () =>
      task(() => ({
        logits: new Float32Array(),
        labels: [],
        maps: new Float32Array(),
        heat: new Float32Array(),
      })),
    deconvolve: () =>
      task(() => ({ activations: new Float32Array(), places: [], projections: new Float32Array() })),
    fitSvm: () => task(() => []),
    svmDecisions: () => task(() => new Float64Array()),
    fitPca: () =>
      task(() => ({
        mean: new Float64Array(),
        components: new Float64Array(),
        variances: new Float64Array(),
        totalVariance: 0,
      })),
    projectPca: () => task(() => new Float32Array()),
    createVideo: () => ({ write: () => {}, finish: () => {} }),
    ...overrides,
  }
  return binding
}

/** How a training ends, with these numbers. */
export function finished(numbers: { epochs?: number; steps?: number } = {}): NativeTrainingResult {
  return { reason: 'finished', epochs: 0, steps: 0, seconds: 0, peakDeviceMemory: 0, ...numbers }
}

/** A task that does its work in a later turn, as the addon's threads do. */
export function task<T>(work: () => T): NativeTask<T> {
  return { done: new Promise((resolve) => setImmediate(resolve)).then(work), cancel: () => {} }
}

/** A task that the test ends. */
export interface ManualTask<T> extends NativeTask<T> {
  resolve(value: T): void
  reject(error: unknown): void
  cancelled: boolean
}

/** @param onCancel what the native side does when asked to stop; by default it ends with C3D_ABORTED */
export function manualTask<T>(onCancel?: (task: ManualTask<T>) => void): ManualTask<T> {
  let resolve: (value: T) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const done = new Promise<T>((resolveDone, rejectDone) => {
    resolve = resolveDone
    reject = rejectDone
  })
  const manual: ManualTask<T> = {
    done,
    resolve,
    reject,
    cancelled: false,
    cancel: () => {
      manual.cancelled = true
      setImmediate(() => (onCancel ? onCancel(manual) : reject(nativeError('C3D_ABORTED', 'stopped'))))
    },
  }
  return manual
}

export function nativeError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}

/** The name decides: one with 'broken' in it cannot be read, all with 'copy' in it show the same. */
export function fakeVideo(path: string, frames = 40): NativeVideoInfo {
  const fingerprint = path.includes('copy') ? 'c0ffee' : ''
  const problem = path.includes('broken') ? 'no video stream' : ''
  return {
    path,
    frames,
    width: 320,
    height: 240,
    framesPerSecond: 25,
    codec: 'h264',
    fingerprint,
    problem,
    warning: '',
  }
}

export function fakeVideoSet(videos: NativeVideoInfo[]): NativeVideoSet {
  return { videos, close: () => {} }
}

export const fakeTensors: NativeTensorInfo[] = [
  { name: 'conv1a.weight', dtype: 'F32', shape: [2, 3, 3, 3, 3] },
  { name: 'conv1a.bias', dtype: 'F32', shape: [2] },
]

export function fakeModel(config?: NativeModelConfig): NativeModel {
  return {
    device: config?.device === 'auto' ? 'cpu' : (config?.device ?? 'cpu'),
    forward: (_data, shape) => task(() => new Float32Array((shape[0] ?? 0) * (config?.classes ?? 2))),
    gradients: () => task(() => ({ loss: 0, gradients: {} })),
    tensors: () => fakeTensors,
    trainingTensors: () => [],
    readTensor: () => new Float32Array(2),
    writeTensor: () => {},
    loadTensors: () => task(() => {}),
    saveTensors: () => task(() => {}),
    close: () => {},
  }
}

export function fakeTrainer(overrides: Partial<NativeTrainer> = {}): NativeTrainer {
  return {
    step: ({ learningRate }) =>
      task(() => ({
        step: 1,
        loss: 0,
        accuracy: 1,
        learningRate: learningRate ?? 0.01,
        skipped: false,
        lossScale: null,
      })),
    setPrecision: () => {},
    state: () => ({ step: 0, learningRate: 0.01 }),
    observeValidation: () => {},
    tensors: () => fakeTensors,
    readTensors: () => task(() => {}),
    save: () => task(() => {}),
    restore: () => task(() => {}),
    close: () => {},
    ...overrides,
  }
}

export type TrainCall = {
  request: NativeTrainRequest
  emit: (event: NativeTrainEvent) => void
  task: ManualTask<NativeTrainingResult>
}

/** A train() that hands its calls to the test, which plays the training thread. */
export function manualTraining(onCancel?: (call: TrainCall) => void): {
  train: NativeBinding['train']
  call: Promise<TrainCall>
} {
  let announce: (call: TrainCall) => void = () => {}
  const call = new Promise<TrainCall>((resolve) => {
    announce = resolve
  })
  const train: NativeBinding['train'] = (_model, request, emit) => {
    const manual: ManualTask<NativeTrainingResult> = manualTask(
      onCancel && (() => onCancel({ request, emit, task: manual })),
    )
    announce({ request, emit, task: manual })
    return manual
  }
  return { train, call }
}

/** A loader of no clips. */
export function fakeClipLoader(overrides: Partial<NativeClipLoader> = {}): NativeClipLoader {
  return {
    clips: 0,
    next: () => task(() => null),
    mean: () => task(() => ({ clips: 0, channels: [0, 0, 0], cube: new Float32Array(), unreadable: [] })),
    close: () => {},
    ...overrides,
  }
}

/** A clip with what the network gives for it. */
export interface FakeClip {
  start: number
  /** Left out: that of 16 frames. */
  end?: number
  logits: number[]
}

function clipEvents(clips: (FakeClip & { item: number })[]): NativeClipScores[] {
  return clips.map(({ item, start, end = start + 16, logits }, i) => ({
    type: 'clips',
    items: Int32Array.of(item),
    starts: Float64Array.of(start),
    ends: Float64Array.of(end),
    outputs: Float32Array.from(logits),
    done: i + 1,
    total: clips.length,
  }))
}

/** A scoreVideo() that answers with the clips that `clipsOf` gives, of a video of 25 frames a second. */
export function fakeVideoScoring(
  clipsOf: (request: NativeVideoScoreRequest) => FakeClip[],
): NativeBinding['scoreVideo'] {
  return (_model, request, onEvent) =>
    task(() => {
      const clips = clipsOf(request).map((clip) => ({ item: 0, ...clip }))
      for (const event of clipEvents(clips)) onEvent({ ...event, framesPerSecond: 25 })
    })
}

/** A score() that answers each item with the clips that `clipsOf` gives for it. */
export function fakeScoring(
  clipsOf: (request: NativeScoreRequest, item: number) => FakeClip[],
): NativeBinding['score'] {
  return (_model, request, onEvent: (event: NativeScoreEvent) => void) =>
    task(() => {
      const clips = [...request.items.videos].flatMap((_, item) =>
        clipsOf(request, item).map((clip) => ({ item, ...clip })),
      )
      clipEvents(clips).forEach(onEvent)
    })
}

export function stepEvent(step: number): Extract<NativeTrainEvent, { type: 'step' }> {
  return {
    type: 'step',
    step,
    epoch: 1,
    epochs: 3,
    stepInEpoch: step,
    stepsInEpoch: 1000,
    loss: 1,
    accuracy: 0.5,
    learningRate: 0.01,
    clipsPerSecond: 10,
    dataWait: 0,
    skipped: false,
    lossScale: null,
  }
}

export function epochEvent(epoch: number): Extract<NativeTrainEvent, { type: 'epoch' }> {
  return {
    type: 'epoch',
    epoch,
    epochs: 3,
    loss: 1,
    accuracy: 0.5,
    learningRate: 0.01,
    clips: 10,
    seconds: 1,
    clipsPerSecond: 10,
    dataWait: 0,
    validation: null,
  }
}
