/**
 * What the addon exports, as TypeScript sees it. Everything here is resolved: no defaults, no optional settings; the
 * zod schemas of lib/config produce these objects. Errors thrown or rejected by the addon are `Error`s with a `code`
 * (native/core/runtime/error.h); lib/native/errors.ts turns them into C3DError.
 */

export interface NativeConvLayer {
  type: 'conv'
  name: string
  filters: number
  /** Kernel size [depth (time), height, width]; odd; zero padding keeps the size. */
  kernel: [number, number, number]
  batchNorm: boolean
}

export interface NativePoolLayer {
  type: 'pool'
  name: string
  /** Kernel = stride, [depth (time), height, width]. */
  kernel: [number, number, number]
  rounding: 'ceil' | 'floor' | 'pad'
}

export interface NativeLinearLayer {
  type: 'linear'
  name: string
  units: number
  /** Checked against what the layers before deliver, where it is given (> 0); 0: whatever comes. */
  inputs: number
  dropout: number
}

export type NativeLayer = NativeConvLayer | NativePoolLayer | NativeLinearLayer

export interface NativeArchitecture {
  name: string
  input: { frames: number; height: number; width: number }
  layers: NativeLayer[]
  /** Name of the last linear layer, whose units are the classes. */
  classifier: string
}

export interface NativeLayerSummary {
  name: string
  type: 'conv' | 'pool' | 'linear'
  /** Output: [channels, frames, height, width], or [units]. */
  output: number[]
  parameters: number
  /** Multiply-accumulates for one clip. */
  macs: number
}

export interface NativeArchitectureSummary {
  layers: NativeLayerSummary[]
  parameters: number
  macs: number
  /** Memory of a training pass at its peak, for one clip in float32, without weights and their gradients. */
  activationBytes: number
}

/** How pixels become the network's input: resize, crop, channel order, (value - mean) * scale. */
export interface NativePreprocessing {
  /** shortSide > 0: the aspect ratio is kept, width and height are not used. */
  resize: { width: number; height: number; shortSide: number }
  channelOrder: 'rgb' | 'bgr'
  /** In channel order, 0 to 255; 'cube': the tensor `mean_cube` of the model, zeros until it is written. */
  mean: [number, number, number] | 'cube'
  scale: number
}

export interface NativeModelConfig {
  architecture: NativeArchitecture
  classes: number
  preprocessing: NativePreprocessing
  /** 'none': every tensor is about to be loaded. */
  initializer: 'caffe' | 'pytorch' | 'kaiming' | 'none'
  seed: number
  device: string
}

/** Long work: `done` settles when the thread has ended; `cancel` makes it end soon with code C3D_ABORTED. */
export interface NativeTask<T> {
  readonly done: Promise<T>
  cancel(): void
}

export interface NativeTensorInfo {
  name: string
  /** safetensors' names. */
  dtype: 'F32' | 'F64' | 'I64' | 'U8'
  shape: number[]
}

/** In what convolutions and linear layers multiply, and the convolutions that do so in float32 all the same. */
export interface NativePrecision {
  type: 'float32' | 'bfloat16' | 'float16'
  float32Layers: string[]
}

export interface NativeLossScale {
  initial: number
  growthFactor: number
  backoffFactor: number
  growthInterval: number
  /** At a lower scale, gradients that are not finite end the training. */
  minimum: number
}

export interface NativeDeviceTraits {
  /** 'cpu' or 'cuda:<number>'. */
  name: string
  /** As the CPU names itself; '' for CUDA devices. */
  processor: string
  /** Whether it computes in bfloat16 in hardware. */
  bfloat16: boolean
}

export interface NativeConvolutionShape {
  channels: number
  filters: number
  /** [depth (time), height, width] */
  kernel: [number, number, number]
  /** [frames, height, width] */
  input: [number, number, number]
}

/** Norms of the differences from float32, as parts of the norms of float32's results; Infinity where not finite. */
export interface NativeConvolutionErrors {
  output: number
  inputGradient: number
  weightGradient: number
}

/** What clips should be answered as. */
export interface NativeAnswers {
  /** Class numbers; not looked at where there are targets. */
  labels: Int32Array
  /** Of a multi-label model: 1 for each class of a clip and 0 for all others, [clips, classes]; null for any other. */
  targets: { data: Float32Array; shape: number[] } | null
}

export interface NativeModel {
  readonly device: string
  /**
   * Network input, float32 [n, 3, frames, height, width], already preprocessed -> logits [n, classes]. Read on the
   * task's thread: `data` must not change before the task is done. The same holds for all arrays that tasks are given.
   */
  forward(data: Float32Array, shape: number[], precision: NativePrecision): NativeTask<Float32Array>
  /** Mean cross-entropy, or of targets binary cross-entropy, and its gradient for every parameter, dropout off. */
  gradients(
    data: Float32Array,
    shape: number[],
    answers: NativeAnswers,
    precision: NativePrecision,
  ): NativeTask<{ loss: number; gradients: Record<string, Float32Array> }>
  /** State dict in file order, no values. */
  tensors(): NativeTensorInfo[]
  /** What a checkpoint holds behind `tensors()`. */
  trainingTensors(): NativeTensorInfo[]
  readTensor(name: string): Float32Array
  writeTensor(name: string, data: Float32Array): void
  /** Reads raw little-endian values; `offset` counts from the start of the file. */
  loadTensors(file: string, tensors: { name: string; offset: number }[]): NativeTask<void>
  /** Writes the safetensors header as given and the tensors in the order of `tensors()`, beside and then renamed. */
  saveTensors(file: string, header: string): NativeTask<void>
  close(): void
}

export interface NativeVideoInfo {
  path: string
  frames: number
  width: number
  height: number
  framesPerSecond: number
  codec: string
  /** Hex digest of the decoded frames: equal ones mean the same pictures, whatever file they are in. '' if unknown. */
  fingerprint: string
  /** Why it cannot be read; '' when it can. */
  problem: string
  /** What is wrong with a file that can be read all the same, such as damage; '' when nothing is. */
  warning: string
}

/** Opaque: videos whose frames are counted. */
export interface NativeVideoSet {
  readonly videos: NativeVideoInfo[]
  close(): void
}

export interface NativeFrameFormat {
  width: number
  height: number
  channelOrder: 'rgb' | 'bgr'
}

export interface NativeItems {
  set: NativeVideoSet
  /** Places in `set`. */
  videos: Int32Array
  labels: Int32Array
  /** First frame of each. */
  starts: Float64Array
  /** The frame behind the last one of each; 0: the video's end. */
  ends: Float64Array
  /**
   * Where items have any number of classes: their numbers, item after item, and for each item the place behind its last
   * one. `labels` then has the class of items of one, and -1 for all others.
   */
  classes: { numbers: Int32Array; ends: Int32Array } | null
}

export interface NativeClipLoaderRequest {
  items: NativeItems
  clip: { frames: number; height: number; width: number }
  preprocessing: NativePreprocessing
  sampling: NativeSampling
  seed: number
  epoch: number
  batchSize: number
  loader: NativeLoaderOptions
  cache: NativeClipCacheHandle | null
}

export interface NativePackRequest {
  set: NativeVideoSet
  /** Place in the set. */
  video: number
  /** First frame, and the one behind the last. */
  start: number
  end: number
  resize: NativePreprocessing['resize']
  file: string
}

/** Opened frames' cache, for loaders that share one. */
export interface NativeClipCacheHandle {
  /** `problem`: why no more is kept, if something went wrong; '' else. */
  use(): { bytes: number; maxBytes: number; problem: string }
  close(): void
}

export interface NativeClipBatch {
  labels: Int32Array
  /** Place of each clip's video in the request's items. */
  items: Int32Array
  /** First frame of each clip. */
  starts: Float64Array
  /** Where each clip was cut from the resized frames: left, top, and 1 where it is mirrored. [n, 3] */
  places: Int32Array
  unreadable: NativeUnreadable[]
}

/** One pass over the clips of some videos. */
export interface NativeClipLoader {
  /** In the whole pass. */
  readonly clips: number
  /**
   * Writes the next batch to `target`, on the task's thread: Uint8Array as [n, frames, height, width, 3], Float32Array
   * as network input [n, 3, frames, height, width]. null at the end.
   */
  next(target: Uint8Array | Float32Array): NativeTask<NativeClipBatch | null>
  /** The mean of all clips that are left; `cube` is [3, frames, height, width]. */
  mean(onEvent: (event: { done: number; total: number }) => void): NativeTask<{
    clips: number
    channels: [number, number, number]
    cube: Float32Array
    unreadable: NativeUnreadable[]
  }>
  close(): void
}

export interface NativeIndexing {
  threads: number
  /** Folder where frame counts are kept; null: none. */
  cache: string | null
  /** Keeps frames of video files that are decoded: those that clips of whole videos show; null: none. */
  keep: NativeKeeping | null
}

export interface NativeKeeping {
  /** Whose clips they are. */
  model: NativeModel
  /** Of any mode but 'random'. */
  sampling: NativeSampling
  /** Of each video; what does not fit is decoded again. */
  maxBytes: number
}

export interface NativeSampling {
  mode: 'non-overlapping' | 'dense' | 'random' | 'uniform'
  clipsPerVideo: number
  clipStride: number
  temporalStride: number
  /** 0: every video's own. */
  framesPerSecond: number
  shortVideos: 'repeat-last' | 'loop' | 'skip' | 'error'
  crop: 'center' | 'random' | 'multi-scale' | 'three' | 'ten'
  cropScales: number[]
  scaleJitter: [number, number]
  flipProbability: number
  colorJitter: { brightness: number; contrast: number; saturation: number; hue: number }
  balanceClasses: boolean
  shuffle: boolean
  /** Clips of a video stay within about so many clips of each other; 0: anywhere. */
  shuffleBlock: number
}

export type NativeClipCache =
  | { type: 'none' }
  | { type: 'memory'; maxBytes: number }
  | { type: 'disk'; maxBytes: number; folder: string }

export interface NativeOptimizer {
  form: 'pytorch' | 'caffe'
  learningRate: number
  momentum: number
  weightDecay: number
  nesterov: boolean
  /** null: any. */
  maxGradientNorm: number | null
  /** Factors of the learning rate and of the weight decay. */
  biasLearningRate: number
  biasWeightDecay: number
  normWeightDecay: number
  /** Factor of the learning rate by layer; 0 freezes it. */
  layers: Record<string, { learningRate: number }>
}

export type NativeSchedule = {
  /** Of warm-up and all other times. */
  unit: 'epochs' | 'iterations'
  warmup: number
} & (
  | { type: 'constant' }
  | { type: 'step'; every: number; gamma: number }
  | { type: 'multi-step'; at: number[]; gamma: number }
  | { type: 'cosine'; minimum: number }
  | { type: 'polynomial'; power: number; minimum: number }
  | { type: 'plateau'; gamma: number; patience: number; threshold: number; minimum: number }
)

export interface NativeLoaderOptions {
  threads: number
  prefetch: number
  skipUnreadable: boolean
}

export interface NativeLoss {
  /** Binary for items of any number of classes. */
  type: 'cross-entropy' | 'binary-cross-entropy'
  labelSmoothing: number
  focalGamma: number
  /** No weights: all 1. The former for cross-entropy, the latter for the binary one. */
  classWeights: number[]
  positiveWeights: number[]
}

/** Alphas of Beta(alpha, alpha), 0: off; and probabilities. */
export interface NativeMix {
  mixup: number
  cutmix: number
  probability: number
  switchProbability: number
}

export interface NativeTrainingConfig {
  epochs: number
  /** Clips a step. */
  batchSize: number
  /** Passes a step. */
  accumulate: number
  seed: number
  /** Of training and evaluation. */
  precision: NativePrecision
  lossScale: NativeLossScale | null
  optimizer: NativeOptimizer
  loss: NativeLoss
  mix: NativeMix
  schedule: NativeSchedule
  sampling: NativeSampling
  evaluation: { batchSize: number; sampling: NativeSampling }
  loader: NativeLoaderOptions
  cache: NativeClipCache
  /** 0: none. Early stopping after `patience` epochs in which the validation's `metric` has not improved; 'best-model': the score that models are compared by. */
  limits: {
    maxSteps: number
    maxSeconds: number
    patience: number
    metric: 'best-model' | 'loss'
    checkpointSteps: number
    checkpointSeconds: number
    keepEpochs: number
  }
}

/** Each file with its safetensors header; all models have one. */
export interface NativeRunFiles {
  checkpoint: string
  checkpointHeader: string
  /** Gets a line of JSON for every epoch and evaluation. */
  metrics: string
  /** Folder of TensorBoard's event files; null: none are written. */
  events: string | null
  best: string
  /** Of <prefix><epoch>.safetensors: the models of the epochs that are kept. */
  keptPrefix: string
  model: string
  modelHeader: string
}

export interface NativeTrainingResult {
  reason: 'finished' | 'early-stopping' | 'max-steps' | 'max-time'
  /** Complete ones. Both since the start of the training, also when resumed. */
  epochs: number
  steps: number
  seconds: number
  /** Bytes of the CUDA device; 0 on the CPU. */
  peakDeviceMemory: number
}

export interface NativeTrainRequest {
  training: NativeItems
  validation: NativeItems | null
  config: NativeTrainingConfig
  /** Where the run keeps itself; null: nowhere. */
  files: NativeRunFiles | null
  /** A checkpoint to go on from, with the places of all its tensors. */
  resume: { file: string; tensors: { name: string; offset: number }[] } | null
}

export interface NativeTrainerRequest {
  /** Of it the recipe of a step, the schedule and the seed of dropout count. */
  config: NativeTrainingConfig
  stepsPerEpoch: number
}

export interface NativeStepRequest {
  /** One after the other. Uint8Array [n, frames, height, width, 3], or Float32Array [n, 3, frames, height, width]. */
  batches: { data: Uint8Array | Float32Array; shape: number[] }[]
  /** Of all clips, as in NativeClipBatch; may be empty where no mean cube is taken off. */
  places: Int32Array
  /** Of all clips. */
  answers: NativeAnswers
  /** null: the schedule's. */
  learningRate: number | null
}

/** Training step by step. One task at a time. */
export interface NativeTrainer {
  /** For the steps to come, in place of the request's. */
  setPrecision(precision: NativePrecision): void
  /** `skipped` and `lossScale`: as of a step event. */
  step(request: NativeStepRequest): NativeTask<{
    step: number
    loss: number
    accuracy: number
    learningRate: number
    skipped: boolean
    lossScale: number | null
  }>
  /** Steps made, and the schedule's learning rate for the next one. */
  state(): { step: number; learningRate: number }
  observeValidation(loss: number): void
  /** What there is of a kind, no values; nothing before the first step. */
  tensors(kind: 'gradients' | 'momentum'): NativeTensorInfo[]
  /** Copies their values to `data`. */
  readTensors(
    kind: 'gradients' | 'momentum',
    targets: { name: string; shape: number[]; data: Float32Array }[],
  ): NativeTask<void>
  /** Writes a checkpoint with this safetensors header. */
  save(file: string, header: string): NativeTask<void>
  restore(file: string, tensors: { name: string; offset: number }[]): NativeTask<void>
  close(): void
}

export interface NativeMultiLabelScores {
  /** Over the classes that have videos; 0 where none has. */
  meanAveragePrecision: number
  /** F1 of all decisions, one for each video and class, in one. */
  microF1: number
  /** Mean of the classes' F1, over those that a video has or was given. */
  macroF1: number
  /** Part of all decisions that is wrong. */
  hammingLoss: number
  /** Part of the videos of which every decision is right. */
  subsetAccuracy: number
}

export interface NativeScores {
  loss: number
  clipTop1: number
  clipTop5: number
  videoTop1: number
  videoTop5: number
  clips: number
  videos: number
  /** Of multi-label models alone. */
  multiLabel?: NativeMultiLabelScores
}

export type NativeTrainEvent =
  | {
      type: 'step'
      step: number
      epoch: number
      /** In all. */
      epochs: number
      stepInEpoch: number
      stepsInEpoch: number
      loss: number
      accuracy: number
      learningRate: number
      clipsPerSecond: number
      /** Part of the step's time spent waiting for clips, 0 to 1. */
      dataWait: number
      /** The gradients were not finite: the weights have stayed, and the loss scale falls. */
      skipped: boolean
      /** That the step was computed with; null: none. */
      lossScale: number | null
    }
  | ({ type: 'unreadable' } & NativeUnreadable)
  | { type: 'warning'; message: string }
  /** None of their clips could be read in this epoch; once a class. */
  | { type: 'untrained-classes'; classes: number[] }
  | { type: 'progress'; phase: 'evaluation'; epoch: number; done: number; total: number }
  | ({ type: 'evaluation'; epoch: number; seconds: number } & NativeScores)
  | { type: 'checkpoint'; epoch: number; step: number; file: string }
  | {
      type: 'epoch'
      epoch: number
      epochs: number
      loss: number
      accuracy: number
      learningRate: number
      clips: number
      seconds: number
      clipsPerSecond: number
      /** Part of the time after the first batch spent waiting for clips, 0 to 1. */
      dataWait: number
      validation: NativeScores | null
    }

export interface NativeScoreRequest {
  /** label -1: not known. */
  items: NativeItems
  sampling: NativeSampling
  precision: NativePrecision
  batchSize: number
  /** What is taken from the network for each clip. */
  readout: NativeReadout
  loader: NativeLoaderOptions
  cache: NativeClipCache
}

/** Of the clips of one whole video, of the modes 'non-overlapping' and 'dense'. */
export interface NativeVideoScoreRequest extends Omit<NativeScoreRequest, 'items' | 'cache'> {
  video: string
}

export interface NativeReadout {
  /** Name of the layer whose output is wanted: after ReLU for 'conv' and 'linear'. '': the logits. */
  layer: string
  /** How [C, T, H, W] becomes a vector: all of it, or [C] over time and space. */
  pooling: 'none' | 'average' | 'max'
}

/** A video of which clips could not be read. */
export interface NativeUnreadable {
  path: string
  reason: string
}

export type NativeScoreEvent = NativeClipScores | { type: 'unreadable'; videos: NativeUnreadable[] }

/** What the network gave for a batch of clips, as it is computed. */
export interface NativeClipScores {
  type: 'clips'
  /** Place of each clip's video in `request.items`. */
  items: Int32Array
  /** First frame of each clip. */
  starts: Float64Array
  /** The frame behind the last one of each clip; a short video's end. */
  ends: Float64Array
  /** [clips, values] */
  outputs: Float32Array
  done: number
  total: number
}

/** `total` is what the video's header promises until all of its frames are counted. */
export interface NativeVideoClipScores extends NativeClipScores {
  /** 0: not known. */
  framesPerSecond: number
}

/** Some rows of a matrix. Its memory must be left alone until the task has ended. */
export interface NativeRows {
  /** [n, dimensions] */
  features: Float32Array
  dimensions: number
  /** Places of the rows that are meant. */
  rows: Int32Array
}

export interface NativeSvmOptions {
  classes: number
  /** The C of each machine; ascending ones are found faster. */
  costs: number[]
  /** The constant feature behind the others; 0: none. */
  bias: number
  /** Part of itself by which an objective may be above the least. */
  tolerance: number
  maxIterations: number
}

/** One machine a class. */
export interface NativeSvm {
  /** [classes, dimensions + 1]; the last of each is the constant feature's. */
  weights: Float64Array
  /** [classes] */
  objectives: Float64Array
  /** [classes], of the objective at these weights. */
  gradientNorms: Float64Array
  iterations: number
}

export interface NativePca {
  /** [dimensions] */
  mean: Float64Array
  /** [components, dimensions] */
  components: Float64Array
  /** [components] */
  variances: Float64Array
  /** Of all components, also those that are left out. */
  totalVariance: number
}

/** uint8 clips [n, frames, height, width, 3] in the model's order of channels, and where each was cut. */
interface NativeExplainedClips {
  pixels: Uint8Array
  shape: number[]
  /** As in NativeClipBatch. */
  places: Int32Array
  layer: string
}

export interface NativeGradCamRequest extends NativeExplainedClips {
  /** Class number; -1: each clip's likeliest. */
  label: number
}

export interface NativeGradCam {
  /** [n, classes] */
  logits: Float32Array
  /** The classes that were looked for. */
  labels: number[]
  /** [n, frames, height, width] of the layer. */
  maps: Float32Array
  /** The same of the clips. */
  heat: Float32Array
}

export interface NativeDeconvolutionRequest extends NativeExplainedClips {
  filter: number
  rule: 'deconvolution' | 'guided'
}

export interface NativeDeconvolution {
  /** Of the filter, the largest of each clip. */
  activations: Float32Array
  /** Its frame, row and column, clip by clip. */
  places: number[]
  /** [n, 3, frames, height, width], of the clips. */
  projections: Float32Array
}

export interface NativeIndexEvent {
  done: number
  total: number
  latest: NativeVideoInfo
}

export interface NativeRuntimeInfo {
  libtorch: string
  cudaBuild: boolean
  cudaDevices: number
  threads: number
  cpuCapability: string
  images: string[]
  tf32: boolean
  deterministic: boolean
  cudnnBenchmark: boolean
}

/** How CUDA devices compute, in the whole process. Those that are left out stay as they are. */
export interface NativeCudaSwitches {
  tf32?: boolean | undefined
  deterministic?: boolean | undefined
  /** Without effect beside `deterministic`. */
  cudnnBenchmark?: boolean | undefined
}

/** Bytes of a device's tensors (large ones, of the CPU's): in use, the most that ever was, and free but kept. */
export interface NativeMemoryUse {
  inUse: number
  peak: number
  idle: number
}

/** A video to write; names and settings are FFmpeg's. */
export interface NativeVideoWriterOptions {
  width: number
  height: number
  framesPerSecond: number
  /** Unit of the times that `write` is given; 0: one tick a frame. */
  ticksPerSecond: number
  container: string
  /** '': H.264 where there is an encoder for it, MPEG-4 part 2 otherwise. */
  encoder: string
  pixelFormat: string
  encoderSettings: Record<string, string>
  containerSettings: Record<string, string>
  /** Of YUV formats. */
  matrix: 'bt601' | 'bt709'
  fullRange: boolean
  /** Degrees, clockwise, by which players turn the picture. */
  rotation: 0 | 90 | 180 | 270
}

export interface NativeVideoWriter {
  /**
   * RGB, uint8 [height, width, 3]. `time` is when it is shown, in ticks and after the frame before; left out: a tick
   * later. Encoding is synchronous: for tools, not for services.
   */
  write(frame: Uint8Array, time?: number): void
  finish(): void
}

/** Held until it is released, collected, or its environment ends. */
export interface NativeFileLock {
  release(): void
}

export interface NativeBinding {
  runtimeInfo(): NativeRuntimeInfo
  /** FFmpeg's description, or throws C3D_FFMPEG_MISSING. */
  videoBackend(): string
  /** Threads that each computing task uses; 0: one a core. */
  setThreads(threads: number): void
  /** Takes over LibTorch's memory for CPU tensors; only the first call in a process does anything. */
  setUpMemory(maxIdle: number): void
  memoryUse(device: string): NativeMemoryUse
  /** Operations a second of all threads' vector units, 0 where the processor lacks them. */
  measurePeaks(): NativeTask<{ float32: number; bfloat16: number }>
  /** Bytes of free memory that are kept; for the whole process. */
  setMaxIdleMemory(bytes: number): void
  /** Gives all of it back; the bytes that it was. */
  releaseMemory(): number
  /** Path of the FFmpeg plug-in; once, before the first video is opened. */
  setVideoPlugin(path: string): void
  /** Throws C3D_DEVICE. */
  deviceTraits(device: string): NativeDeviceTraits
  setCudaSwitches(chosen: NativeCudaSwitches): void
  /** The same, but only of those that nobody has set yet. */
  setDefaultCudaSwitches(defaults: NativeCudaSwitches): void
  /** Computes each on random clips, in `precision` and in float32. */
  checkConvolutions(request: {
    device: string
    precision: NativePrecision['type']
    convolutions: NativeConvolutionShape[]
  }): NativeTask<NativeConvolutionErrors[]>
  /** Cancels and joins everything that runs in this environment. */
  stopAll(): void

  /** Of a CUDA device, in bytes; zeros for the CPU. */
  deviceMemory(device: string): { free: number; total: number }
  /**
   * Makes the file, with `holder` as its text, and locks it against other processes and threads. Throws C3D_FILE, with
   * the text of the other one where that holds the lock.
   */
  lockFile(file: string, holder: string): NativeFileLock
  describeArchitecture(architecture: NativeArchitecture, classes: number): NativeArchitectureSummary
  createModel(config: NativeModelConfig): NativeTask<NativeModel>
  indexVideos(
    paths: string[],
    options: NativeIndexing,
    onEvent: (event: NativeIndexEvent) => void,
  ): NativeTask<NativeVideoSet>
  /**
   * The frames at `places` (whole numbers, any order) of a video in `set`, to `out`: uint8 [places, height, width, 3],
   * which must be left alone until the task has ended.
   */
  readFrames(
    set: NativeVideoSet,
    video: number,
    places: Float64Array,
    format: NativeFrameFormat,
    out: Uint8Array,
  ): NativeTask<void>
  /** null for the type 'none'. */
  openClipCache(options: NativeClipCache): NativeTask<NativeClipCacheHandle | null>
  /** Writes a part of a video as a packed one (.c3dframes). */
  packVideo(request: NativePackRequest): NativeTask<void>
  createClipLoader(request: NativeClipLoaderRequest): NativeTask<NativeClipLoader>
  train(
    model: NativeModel,
    request: NativeTrainRequest,
    onEvent: (event: NativeTrainEvent) => void,
  ): NativeTask<NativeTrainingResult>
  createTrainer(model: NativeModel, request: NativeTrainerRequest): NativeTrainer
  score(
    model: NativeModel,
    request: NativeScoreRequest,
    onEvent: (event: NativeScoreEvent) => void,
  ): NativeTask<void>
  /** Computes while the frames of the video are being counted, and decodes each once. Clips that cannot be read are fatal. */
  scoreVideo(
    model: NativeModel,
    request: NativeVideoScoreRequest,
    onEvent: (event: NativeVideoClipScores) => void,
  ): NativeTask<void>
  gradCam(model: NativeModel, request: NativeGradCamRequest): NativeTask<NativeGradCam>
  deconvolve(model: NativeModel, request: NativeDeconvolutionRequest): NativeTask<NativeDeconvolution>
  /** `labels`: of the chosen rows, 0 <= label < classes. */
  fitSvm(rows: NativeRows, labels: Int32Array, options: NativeSvmOptions): NativeTask<NativeSvm[]>
  /** [rows, classes] */
  svmDecisions(rows: NativeRows, svm: { weights: Float64Array; bias: number }): NativeTask<Float64Array>
  fitPca(rows: NativeRows, components: number): NativeTask<NativePca>
  /** [rows, components] */
  projectPca(rows: NativeRows, pca: Pick<NativePca, 'mean' | 'components'>): NativeTask<Float32Array>
  createVideo(file: string, options: NativeVideoWriterOptions): NativeVideoWriter
}
