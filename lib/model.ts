import { classifyVideo, type WindowPrediction } from './classification'
import { type Architecture, resolveArchitecture } from './config/architectures'
import type { DeconvolveOptions, GradCamOptions } from './config/explanation'
import type { ClassifyOptions, ExtractOptions } from './config/features'
import {
  type ComputeOptions,
  type CreateOptions,
  computeSchema,
  type LoadOptions,
  loadSchema,
  type ModelConfig,
  nativeModel,
  resolveModel,
} from './config/model'
import { complete, invalid, parse } from './config/parse'
import type { PrecisionSetting } from './config/precision'
import { type Preprocessing, type PreprocessingOptions, resolvePreprocessing } from './config/preprocessing'
import { presets } from './config/presets'
import type { PredictOptions } from './config/scoring'
import type { TrainerOptions } from './config/trainer'
import { type Deconvolution, deconvolveVideo } from './explanation/deconvolution'
import { type FirstFilters, firstFilters } from './explanation/filters'
import { type GradCam, gradCamOf } from './explanation/grad-cam'
import { type ClipFeatures, extractClips, extractVideo, type VideoFeatures } from './features/extract-video'
import { type ClipLabels, type InputBatch, nativeAnswers, requireInput } from './input-batch'
import { loadMeanCube, MEAN_CUBE } from './mean-cube'
import { addon } from './native/addon'
import type {
  NativeArchitectureSummary,
  NativeModel,
  NativePrecision,
  NativeTensorInfo,
} from './native/binding'
import { C3DError, rethrowNative } from './native/errors'
import { runTask } from './native/task'
import { choosePrecision, nativePrecision } from './precision/choose'
import { type Prediction, predictVideo } from './prediction'
import { predictions } from './prediction-queue'
import { Trainer } from './trainer'
import { isCheckpoint } from './training/checkpoint'
import { locateTensors } from './weights/locate-tensors'
import { type ModelMetadata, readMetadata, writeMetadata } from './weights/metadata'
import { buildHeader, readTensorFile } from './weights/safetensors'

export type ArchitectureSummary = NativeArchitectureSummary
export type TensorInfo = NativeTensorInfo

export interface Gradients {
  /** Mean cross-entropy of the clips; of a multi-label model, mean binary cross-entropy of clips and classes. */
  loss: number
  /** For every parameter by its key, in the parameter's own shape, row-major. */
  gradients: Record<string, Float32Array>
}

/** What the rest of the package works with; users see the methods of C3D. */
export interface ModelState extends ModelMetadata {
  readonly native: NativeModel
}

let openState: (model: C3D) => ModelState

/** The native side of a model. Throws C3D_CLOSED after close(). */
export function modelState(model: C3D): ModelState {
  return openState(model)
}

/**
 * A C3D network with its classes and its preprocessing: the way from a video to probabilities.
 *
 * Every method that computes does so on a thread of its own and returns a promise; calls on one model wait for each
 * other. The weights live outside V8's heap: `close()`, or `using model = await C3D.create(…)`, frees them at once,
 * the garbage collector does it later.
 */
export class C3D implements Disposable {
  readonly #state: ModelState
  #closed = false

  static {
    openState = (model) => model.#open()
  }

  private constructor(state: ModelState) {
    this.#state = state
  }

  /**
   * Makes a network with fresh weights. Asynchronous, since c3d has 78 million of them to draw.
   *
   * @example await C3D.create({ architecture: 'depth-3', classes: data.classes, seed: 1 })
   * @example await C3D.create({ classes: data.classes, multiLabel: data.multiLabel })
   * @throws C3D_INVALID_CONFIG, C3D_ARCHITECTURE (layers that do not fit together), C3D_DEVICE, C3D_OUT_OF_MEMORY
   */
  static async create(options: CreateOptions): Promise<C3D> {
    const { config, device, signal, meanFile } = resolveModel(options)
    const native = await runTask(() => addon().createModel(nativeModel(config, device)), signal)
    return ready(native, async () => {
      await giveMeanCube(native, config, meanFile)
      return new C3D({ native, config })
    })
  }

  /**
   * Loads a model from a safetensors file. A file written by `save` or by a training is complete; for the file of
   * another program with the same tensors give `architecture` and `classes` (and `preprocessing`, without which the
   * default preset's is taken).
   *
   * To train a model further on other classes, give them with `newClassifier: true`: its last layer then gets fresh
   * weights, by the model's initializer.
   *
   * @example await C3D.load('sports1m.safetensors', { classes: data.classes, newClassifier: true })
   * @throws C3D_INVALID_CONFIG (a new classifier without classes), C3D_FILE_NOT_FOUND, C3D_FILE, C3D_WEIGHTS (damaged, or tensors that do not fit the architecture)
   */
  static async load(file: string, options: LoadOptions = {}): Promise<C3D> {
    const { device, signal, newClassifier, ...given } = parse(loadSchema, options, 'load')
    if (newClassifier && given.classes === undefined)
      throw invalid('load.classes', 'expected the classes of the new classifier, got nothing')
    const contents = await readTensorFile(file)
    const { metadata, meanFile } = describeFile(file, readMetadata(contents.metadata, file), given)
    const config = nativeModel(metadata.config, device)
    // Drawing c3d's 78 million weights takes about a second, and only a new classifier needs any.
    const initializer = newClassifier ? config.initializer : 'none'
    const native = await runTask(() => addon().createModel({ ...config, initializer }), signal)
    return ready(native, async () => {
      const { classifier } = metadata.config.architecture
      const isClassifier = (name: string) => name.startsWith(`${classifier}.`)
      const isFresh = (name: string) =>
        (name === MEAN_CUBE && meanFile !== undefined) || (newClassifier && isClassifier(name))
      const wanted = native.tensors().filter(({ name }) => !isFresh(name))
      // What the caller has replaced (a cube, a classifier) is no surprise, nor is what else a checkpoint holds.
      const mayBeLeft = (name: string) => name === MEAN_CUBE || isFresh(name) || isCheckpoint(contents)
      const advice = (name: string) =>
        isClassifier(name) ? '; to train it on other classes, give newClassifier: true' : ''
      const locations = locateTensors(file, contents, wanted, mayBeLeft, advice)
      await runTask(() => native.loadTensors(file, locations), signal)
      await giveMeanCube(native, metadata.config, meanFile)
      return new C3D({ ...metadata, native })
    })
  }

  /**
   * Writes weights, architecture, classes and preprocessing to one safetensors file. It is written beside and renamed,
   * so that a crash leaves the earlier file whole.
   *
   * @throws C3D_FILE
   */
  async save(file: string, options: { signal?: AbortSignal } = {}): Promise<void> {
    const { native } = this.#open()
    await runTask(() => native.saveTensors(file, fileHeader(this.#state)), options.signal)
  }

  /** In the order of the outputs. */
  get classes(): readonly string[] {
    return this.#state.config.classes
  }

  /** Whether a video may have any number of the classes, so that probabilities do not add up to 1. */
  get multiLabel(): boolean {
    return this.#state.config.multiLabel
  }

  get architecture(): Architecture {
    return this.#state.config.architecture
  }

  get preprocessing(): Preprocessing {
    return this.#state.config.preprocessing
  }

  /** Everything that the model was made with. */
  get config(): Readonly<ModelConfig> {
    return this.#state.config
  }

  /** Where it computes: 'cpu' or 'cuda:<number>'. */
  get device(): string {
    return this.#open().native.device
  }

  get parameterCount(): number {
    return this.summary().parameters
  }

  /** Output shape, parameters and multiply-accumulates of every layer, for one clip. */
  summary(): ArchitectureSummary {
    return describeArchitecture(this.architecture, this.classes.length)
  }

  /**
   * Classifies a video file or a frame folder. The answer is the mean of the probabilities of its clips: all that do
   * not overlap (`clips: 'all'`), a number of evenly spread ones, or by default as many as fit with half overlap, at
   * most 10. A video shorter than a clip is one clip whose last frame is repeated.
   *
   * @throws C3D_FILE_NOT_FOUND, C3D_VIDEO_UNREADABLE, C3D_FFMPEG_MISSING, C3D_ABORTED
   */
  async predict(video: string, options: PredictOptions = {}): Promise<Prediction> {
    const state = this.#open()
    return predictions.run(() => predictVideo(state, video, options), options.signal)
  }

  /**
   * What a layer makes of a video's clips. With the defaults (fc6, clips of 16 frames that overlap by 8), `descriptor`
   * is the C3D descriptor of the paper's section 3.3: the mean over the clips, L2-normalised.
   *
   * @example const { descriptor, clips } = await model.extract('clip.mp4')
   * @throws C3D_INVALID_ARGUMENT (a layer that there is not), C3D_FILE_NOT_FOUND, C3D_VIDEO_UNREADABLE,
   * C3D_FFMPEG_MISSING, C3D_ABORTED
   */
  async extract(video: string, options: ExtractOptions = {}): Promise<VideoFeatures> {
    return extractVideo(this.#open(), this.summary().layers, video, options)
  }

  /**
   * The clips of `extract` one by one as they are computed, for videos of any length. Leaving the loop stops the work.
   *
   * @example for await (const { startSeconds, values } of model.extractClips('long.mp4', { stride: 16 })) …
   * @throws as `extract`
   */
  extractClips(video: string, options: ExtractOptions = {}): AsyncGenerator<ClipFeatures, void, undefined> {
    return extractClips(this.#open(), this.summary().layers, video, options)
  }

  /**
   * Classifies a long video window by window, each a clip, as it is computed. Leaving the loop stops the work.
   *
   * @example for await (const { startSeconds, top } of model.classify('long.mp4', { stride: 8, smoothing: 5 })) …
   * @throws C3D_FILE_NOT_FOUND, C3D_VIDEO_UNREADABLE, C3D_FFMPEG_MISSING, C3D_ABORTED
   */
  classify(video: string, options: ClassifyOptions = {}): AsyncGenerator<WindowPrediction, void, undefined> {
    return classifyVideo(this.#open(), video, options)
  }

  /**
   * Where in a clip of a video the network finds a class: gradient-weighted class activation maps (Grad-CAM, Selvaraju
   * et al., ICCV 2017) over time and space. `saveGradCam` draws them.
   *
   * @example const { label, heat } = await model.gradCam('clip.mp4', { class: 'walk' })
   * @throws C3D_INVALID_ARGUMENT (a layer, class or start that there is not), C3D_FILE_NOT_FOUND,
   * C3D_VIDEO_UNREADABLE, C3D_FFMPEG_MISSING, C3D_ABORTED
   */
  async gradCam(video: string, options: GradCamOptions = {}): Promise<GradCam> {
    return gradCamOf(this.#open(), this.summary().layers, video, options)
  }

  /**
   * What in a clip of a video a filter answers to: its largest activation, projected back to the pixels by a
   * deconvolution (Zeiler and Fergus, ECCV 2014; section 3.3 of the paper). `topActivations` finds the clips,
   * `saveDeconvolutions` draws what comes out.
   *
   * @example const { activation, projection } = await model.deconvolve('clip.mp4', { layer: 'conv3a', filter: 7 })
   * @throws as `gradCam`
   */
  async deconvolve(video: string, options: DeconvolveOptions): Promise<Deconvolution> {
    return deconvolveVideo(this.#open(), this.summary().layers, video, options)
  }

  /** The kernels of the first convolution, which see pixels and so can be looked at; `saveFilters` draws them. */
  firstFilters(): FirstFilters {
    return firstFilters(this.#open())
  }

  /**
   * Logits [clips, classes], row-major, with dropout off and batch norm by its running statistics.
   *
   * @throws C3D_INVALID_ARGUMENT (another shape), C3D_OUT_OF_MEMORY, C3D_ABORTED
   */
  async forward(batch: InputBatch, options: ComputeOptions = {}): Promise<Float32Array> {
    const { native } = this.#open()
    const { precision, signal } = parse(computeSchema, options, 'forward')
    const { data, shape } = batch
    requireInput(batch, this.architecture)
    return predictions.run(async () => {
      const chosen = await this.#precision(precision, 'forward', signal)
      return runTask(() => native.forward(data, [...shape], chosen), signal)
    }, signal)
  }

  /**
   * The loss of a batch and its gradient for every parameter, with dropout off and batch norm by its running statistics.
   * Changes nothing.
   *
   * @throws C3D_INVALID_ARGUMENT (another shape, labels that do not fit), C3D_OUT_OF_MEMORY, C3D_ABORTED
   */
  async gradients(
    batch: InputBatch & { labels: ClipLabels },
    options: ComputeOptions = {},
  ): Promise<Gradients> {
    const { native, config } = this.#open()
    const { precision, signal } = parse(computeSchema, options, 'gradients')
    const { data, shape } = batch
    requireInput(batch, this.architecture)
    const answers = nativeAnswers([[batch.labels, shape[0] ?? 0]], config)
    return predictions.run(async () => {
      const chosen = await this.#precision(precision, 'gradients', signal)
      return runTask(() => native.gradients(data, [...shape], answers, chosen), signal)
    }, signal)
  }

  /**
   * Trains with a loop of your own; see Trainer. The settings are those of `train` that make a step, completed by the
   * preset that the model was made with.
   *
   * @throws C3D_INVALID_CONFIG
   */
  trainer(options: TrainerOptions = {}): Trainer {
    return new Trainer(() => this.#open(), options)
  }

  /** Names, types and shapes of the weights, in file order; `conv1a.weight` is [out, in, frames, height, width]. */
  tensors(): TensorInfo[] {
    return this.#open().native.tensors()
  }

  /** A copy of one tensor's values, row-major. For tests and tools: large tensors hold up the event loop. */
  readTensor(name: string): Float32Array {
    const { native } = this.#open()
    return rethrowNative(() => native.readTensor(this.#tensor(name).name))
  }

  /** Replaces one tensor's values. For tests and tools, like readTensor. */
  writeTensor(name: string, data: Float32Array): void {
    const { native } = this.#open()
    const { shape } = this.#tensor(name)
    const size = shape.reduce((product, length) => product * length, 1)
    if (data.length !== size)
      throw new C3DError(
        'C3D_INVALID_ARGUMENT',
        `Expected ${size} values for '${name}' of shape [${shape.join(', ')}], got ${data.length}.`,
      )
    rethrowNative(() => native.writeTensor(name, data))
  }

  /** Frees the weights. Everything but the descriptions throws C3D_CLOSED afterwards; closing again does nothing. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#state.native.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #open(): ModelState {
    if (this.#closed)
      throw new C3DError('C3D_CLOSED', 'This model was closed. Create or load it again to use it.')
    return this.#state
  }

  async #precision(
    asked: PrecisionSetting,
    where: string,
    signal: AbortSignal | undefined,
  ): Promise<NativePrecision> {
    return nativePrecision(await choosePrecision(this.#open(), asked, `${where}.precision`, signal))
  }

  #tensor(name: string): TensorInfo {
    const tensors = this.tensors()
    const tensor = tensors.find((candidate) => candidate.name === name)
    if (!tensor)
      throw new C3DError(
        'C3D_INVALID_ARGUMENT',
        `Expected the name of a tensor (${tensors.map((known) => known.name).join(', ')}), got '${name}'.`,
      )
    return tensor
  }
}

/** Shapes and sizes of an architecture, without making it. Throws C3D_ARCHITECTURE when its layers do not fit. */
export function describeArchitecture(architecture: Architecture, classes: number): ArchitectureSummary {
  return rethrowNative(() => addon().describeArchitecture(architecture, classes))
}

/** The header of the file that a model is saved in; the addon adds the values. */
export function fileHeader(state: ModelState): string {
  return buildHeader(state.native.tensors(), writeMetadata(state))
}

/** What `complete` makes of a model whose native side is there; that is freed again when it fails. */
async function ready(native: NativeModel, complete: () => Promise<C3D>): Promise<C3D> {
  try {
    return await complete()
  } catch (error) {
    native.close()
    throw error
  }
}

async function giveMeanCube(
  native: NativeModel,
  { architecture, preprocessing }: ModelConfig,
  file: string | undefined,
): Promise<void> {
  if (preprocessing.mean === 'cube' && file !== undefined)
    await loadMeanCube(native, file, architecture.input.frames, preprocessing.resize)
}

type Description = Pick<LoadOptions, 'architecture' | 'classes' | 'preprocessing' | 'multiLabel' | 'seed'>

/** The file's own description, with the user's instead where given. */
function describeFile(
  file: string,
  metadata: ModelMetadata | undefined,
  given: Description,
): { metadata: ModelMetadata; meanFile: string | undefined } {
  if (metadata) return overridden(metadata, given)
  const { architecture, classes, preprocessing, multiLabel, seed } = given
  if (architecture === undefined || classes === undefined)
    throw new C3DError(
      'C3D_WEIGHTS',
      `'${file}' was not written by torch-c3d, so it does not say what network its weights belong to. Give C3D.load the architecture and the classes (and the preprocessing that the network was trained with).`,
    )
  const { config, meanFile } = resolveModel({ architecture, classes, preprocessing, multiLabel, seed })
  return { metadata: { config }, meanFile }
}

function overridden(
  metadata: ModelMetadata,
  given: Description,
): { metadata: ModelMetadata; meanFile: string | undefined } {
  const { config } = metadata
  const defaults = presets[config.preset].model
  const architecture = given.architecture
    ? resolveArchitecture(given.architecture, defaults, 'load.architecture')
    : config.architecture
  const { preprocessing, meanFile } = given.preprocessing
    ? resolvePreprocessing(
        complete<PreprocessingOptions>(config.preprocessing, given.preprocessing),
        defaults.preprocessing,
        architecture.input,
        'load.preprocessing',
      )
    : { preprocessing: config.preprocessing, meanFile: undefined }
  const classes = [...(given.classes ?? config.classes)]
  const seed = given.seed ?? config.seed
  const multiLabel = given.multiLabel ?? config.multiLabel
  return {
    metadata: { ...metadata, config: { ...config, architecture, preprocessing, classes, multiLabel, seed } },
    meanFile,
  }
}
