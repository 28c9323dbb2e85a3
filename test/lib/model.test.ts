import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { architectures, C3D, evaluate, runtime, VideoDataset } from '../../lib'
import { softmax, topPlaces } from '../../lib/scoring'
import { buildHeader } from '../../lib/weights/safetensors'
import {
  type FakeBinding,
  fakeBinding,
  fakeModel,
  fakeScoring,
  fakeTensors,
  fakeVideo,
  fakeVideoScoring,
  fakeVideoSet,
  nativeError,
  task,
} from './fake-binding'

let binding: FakeBinding
jest.mock('../../lib/native/addon', () => ({ addon: () => binding }))

let folder: string
beforeEach(async () => {
  binding = fakeBinding()
  folder = await mkdtemp(path.join(tmpdir(), 'c3d-'))
})
afterEach(() => rm(folder, { recursive: true }))

const classes = ['a', 'b', 'c']
const create = () => C3D.create({ architecture: 'depth-3', classes })
const input = { frames: 16, height: 112, width: 112 }

describe('create', () => {
  test('hands the addon a resolved configuration', async () => {
    const model = await C3D.create({ classes, preset: 'paper-section-3', seed: 5, device: 'cuda:0' })
    const [config] = binding.created
    expect(config).toMatchObject({
      classes: 3,
      initializer: 'caffe',
      seed: 5,
      device: 'cuda:0',
      architecture: { input },
    })
    expect(config?.preprocessing).not.toHaveProperty('temporalStride')
    expect(model.preprocessing.temporalStride).toBe(1)
    expect(model).toMatchObject({ classes, device: 'cuda:0', parameterCount: 1 })
  })

  test('tells what the addon refuses', async () => {
    binding.createModel = () => {
      throw nativeError('C3D_ARCHITECTURE', "Layer 'pool5': …")
    }
    await expect(create()).rejects.toMatchObject({ name: 'C3DError', code: 'C3D_ARCHITECTURE' })
  })
})

test('architectures are described as the paper has them, without batch norm, unless told otherwise', () => {
  const described: boolean[] = []
  binding.describeArchitecture = ({ layers }) => {
    described.push(layers[0]?.type === 'conv' && layers[0].batchNorm)
    return { layers: [], parameters: 0, macs: 0, activationBytes: 0 }
  }
  architectures.describe('c3d', 101)
  architectures.describe('c3d', 101, { preset: 'modern' })
  architectures.describe(architectures.build('c3d', { batchNorm: true }), 101)
  expect(described).toEqual([false, true, true])
})

describe('forward and gradients', () => {
  test.each([
    [new Float32Array(4), [1, 3, 16, 112], 'Expected the shape [clips, 3, 16, 112, 112]'],
    [new Float32Array(4), [1, 3, 112, 16, 112], 'got [1, 3, 112, 16, 112]'],
    [new Float32Array(4), [1, 3, 16, 112, 112], 'Expected a Float32Array of 602112 values'],
    [new Float64Array(602112), [1, 3, 16, 112, 112], 'got a Float64Array of 602112'],
  ])('%# refuse what does not fit', async (data, shape, message) => {
    const model = await create()
    const refused = expect.objectContaining({
      code: 'C3D_INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
    await expect(model.forward({ data: data as Float32Array, shape })).rejects.toEqual(refused)
  })

  test('check the labels', async () => {
    const model = await create()
    const batch = { data: new Float32Array(602112), shape: [1, 3, 16, 112, 112] }
    await expect(model.gradients({ ...batch, labels: [3] })).rejects.toThrow(
      'Expected 1 labels, one a clip, from 0 to 2',
    )
    await expect(model.gradients({ ...batch, labels: [0, 1] })).rejects.toThrow('got [0, 1]')
    await expect(model.gradients({ ...batch, labels: [[0]] })).rejects.toThrow('Expected 1 labels')
    await expect(model.gradients({ ...batch, labels: [2] })).resolves.toEqual({ loss: 0, gradients: {} })
    const multiLabel = await C3D.create({ architecture: 'depth-3', classes, multiLabel: true })
    await expect(multiLabel.gradients({ ...batch, labels: [2] })).rejects.toThrow('Expected 1 lists')
    await expect(multiLabel.gradients({ ...batch, labels: [[2, 0]] })).resolves.toMatchObject({ loss: 0 })
  })
})

describe('tensors', () => {
  test('are read and written by name', async () => {
    const model = await create()
    expect(model.tensors()).toEqual(fakeTensors)
    expect(model.readTensor('conv1a.bias')).toHaveLength(2)
    expect(() => model.readTensor('conv9')).toThrow("(conv1a.weight, conv1a.bias), got 'conv9'")
    expect(() => model.writeTensor('conv1a.bias', new Float32Array(3))).toThrow(
      "Expected 2 values for 'conv1a.bias'",
    )
  })
})

describe('saving and loading', () => {
  const dataBytes = 4 * (2 * 81 + 2)

  /** A file as the addon would write it. */
  async function write(name: string, header: string, bytes = dataBytes): Promise<string> {
    const file = path.join(folder, name)
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)))
    await writeFile(file, Buffer.concat([length, Buffer.from(header), Buffer.alloc(bytes)]))
    return file
  }

  async function saved(): Promise<string> {
    let header = ''
    binding.createModel = (config) =>
      task(() => ({
        ...fakeModel(config),
        saveTensors: (_file, given) => {
          header = given
          return task(() => {})
        },
      }))
    const options = { classes, preset: 'paper-section-3', preprocessing: { temporalStride: 2 } } as const
    using model = await C3D.create({ ...options, architecture: { name: 'depth-5', input: { frames: 8 } } })
    await model.save('anywhere')
    return write('model.safetensors', header)
  }

  test('a model comes back as it was', async () => {
    const file = await saved()
    const locations: { name: string; offset: number }[] = []
    binding.createModel = (config) => {
      binding.created.push(config)
      return task(() => ({
        ...fakeModel(config),
        loadTensors: (_file, tensors) => {
          locations.push(...tensors)
          return task(() => {})
        },
      }))
    }
    const model = await C3D.load(file)
    expect(model.classes).toEqual(classes)
    expect(model.config).toMatchObject({ preset: 'paper-section-3', initializer: 'caffe' })
    expect(model.architecture).toMatchObject({ name: 'depth-5', input: { frames: 8 } })
    expect(model.preprocessing).toMatchObject({ channelOrder: 'bgr', temporalStride: 2 })
    expect(locations.map(({ name }) => name)).toEqual(['conv1a.weight', 'conv1a.bias'])
    expect((locations[1]?.offset ?? 0) - (locations[0]?.offset ?? 0)).toBe(4 * 2 * 81)

    const renamed = await C3D.load(file, { classes: ['x', 'y', 'z'], preprocessing: { scale: 2 } })
    expect(renamed.classes).toEqual(['x', 'y', 'z'])
    expect(renamed.preprocessing).toMatchObject({ channelOrder: 'bgr', temporalStride: 2, scale: 2 })
  })

  test('a file of another program needs an architecture and classes', async () => {
    const file = await write('other.safetensors', buildHeader(fakeTensors, {}))
    await expect(C3D.load(file)).rejects.toThrow('Give C3D.load the architecture and the classes')
    const model = await C3D.load(file, {
      architecture: 'c3d',
      classes,
      preprocessing: { channelOrder: 'bgr' },
    })
    expect(model.preprocessing.channelOrder).toBe('bgr')
  })

  test.each([
    ['a missing tensor', [fakeTensors[0]], 8, "expected F32 [2] for tensor 'conv1a.bias', but there is none"],
    [
      'another shape',
      [fakeTensors[0], { name: 'conv1a.bias', dtype: 'F32', shape: [1, 2] }],
      0,
      "expected F32 [2] for tensor 'conv1a.bias', got F32 [1, 2]",
    ],
    [
      'another type',
      [fakeTensors[0], { name: 'conv1a.bias', dtype: 'F16', shape: [2] }],
      4,
      "expected F32 [2] for tensor 'conv1a.bias', got F16 [2]",
    ],
    [
      'a tensor too many',
      [...fakeTensors, { name: 'fc9.bias', dtype: 'F32', shape: [1] }],
      -4,
      'it holds tensors that the model has no place for: fc9.bias',
    ],
  ])('a file with %s is refused', async (_, tensors, missingBytes, message) => {
    const header = buildHeader(tensors as Parameters<typeof buildHeader>[0], {})
    const file = await write('other.safetensors', header, dataBytes - missingBytes)
    const loading = C3D.load(file, { architecture: 'c3d', classes })
    await expect(loading).rejects.toMatchObject({
      code: 'C3D_WEIGHTS',
      message: expect.stringContaining(message),
    })
    await expect(loading).rejects.toThrow(file)
  })
})

test('a closed model says so', async () => {
  const model = await create()
  model.close()
  model.close()
  await expect(model.predict('x.mp4')).rejects.toMatchObject({ code: 'C3D_CLOSED' })
  expect(() => model.tensors()).toThrow(expect.objectContaining({ code: 'C3D_CLOSED' }))
  expect(model.classes).toEqual(classes)
})

describe('predict', () => {
  const video = () => path.join(folder, 'video.mp4')

  beforeEach(() => writeFile(video(), ''))

  test('answers with the mean of the clips’ probabilities', async () => {
    binding.score = fakeScoring(() => [
      { start: 24, logits: [0, 0, 0] },
      { start: 0, logits: [Math.log(8), 0, 0] },
    ])
    const { top, probabilities, clips } = await (await create()).predict(video(), { topK: 2 })
    expect(probabilities[0]).toBeCloseTo((0.8 + 1 / 3) / 2, 5)
    expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 6)
    expect(top.map(({ label }) => label)).toEqual(['a', 'b'])
    expect(clips).toMatchObject([
      { start: 0, end: 16, startSeconds: 0, endSeconds: 0.64, top: [{ label: 'a' }, { label: 'b' }] },
      { start: 24, end: 40 },
    ])
  })

  test('asks for clips that fit the video', async () => {
    const asked: unknown[] = []
    binding.score = fakeScoring(({ sampling, items }) => {
      asked.push([sampling.mode, sampling.clipsPerVideo, [...items.labels]])
      return [{ start: 0, logits: [1, 0, 0] }]
    })
    binding.scoreVideo = fakeVideoScoring(({ sampling, video }) => {
      asked.push([sampling.mode, sampling.clipsPerVideo, video])
      return [{ start: 0, logits: [1, 0, 0] }]
    })
    const model = await create()
    await model.predict(video())
    await model.predict(video(), { clips: 'all' })
    await model.predict(video(), { clips: 7 })
    await model.predict(video(), { clips: 'all', cache: 'memory' })
    await model.predict(video(), { clips: 'all', loader: { unreadable: 'skip' } })
    expect(asked).toEqual([
      ['uniform', 4, [-1]],
      ['non-overlapping', 1, video()], // computed while the frames are counted
      ['uniform', 7, [-1]],
      ['non-overlapping', 1, [-1]],
      ['non-overlapping', 1, [-1]],
    ])
  })

  test('has the frames kept that it asks for, unless a cache keeps them', async () => {
    const kept: unknown[] = []
    const { indexVideos } = binding
    binding.indexVideos = (paths, options, onEvent) => {
      kept.push(options.keep && [options.keep.sampling.mode, options.keep.sampling.clipsPerVideo])
      return indexVideos(paths, options, onEvent)
    }
    binding.score = fakeScoring(() => [{ start: 0, logits: [1, 0, 0] }])
    const model = await create()
    await model.predict(video())
    await model.predict(video(), { clips: 7 })
    await model.predict(video(), { cache: 'memory' })
    expect(kept).toEqual([['uniform', 10], ['uniform', 7], null])
  })

  test('gives no seconds where the frame rate is not known', async () => {
    binding.indexVideos = ([file = '']) =>
      task(() => fakeVideoSet([{ ...fakeVideo(file, 5), framesPerSecond: 0 }]))
    binding.score = fakeScoring(() => [{ start: 0, end: 5, logits: [1, 0, 0] }])
    const { clips } = await (await create()).predict(video())
    expect(clips).toEqual([{ start: 0, end: 5, top: expect.any(Array) }])
  })

  test('tells what is wrong with the video or the weights', async () => {
    const model = await create()
    await expect(model.predict(path.join(folder, 'none.mp4'))).rejects.toMatchObject({
      code: 'C3D_FILE_NOT_FOUND',
    })
    const broken = path.join(folder, 'broken.mp4')
    await writeFile(broken, '')
    await expect(model.predict(broken)).rejects.toMatchObject({
      code: 'C3D_VIDEO_UNREADABLE',
      message: `Cannot read '${broken}': no video stream`,
    })
    const problem = `Cannot read the video "${broken}": it is empty.`
    binding.indexVideos = () => task(() => fakeVideoSet([{ ...fakeVideo(broken), problem }]))
    await expect(model.predict(broken)).rejects.toMatchObject({ message: problem })
    binding.indexVideos = fakeBinding().indexVideos
    binding.score = fakeScoring(() => [{ start: 0, logits: [1, Number.NaN, 0] }])
    await expect(model.predict(video())).rejects.toMatchObject({ code: 'C3D_NON_FINITE_LOSS' })
  })
})

test('evaluate scores clips and videos', async () => {
  for (const file of ['a/0.mp4', 'a/1.mp4', 'b/0.mp4']) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true })
    await writeFile(path.join(folder, file), '')
  }
  const sure = (label: number) => classes.map((_, i) => (i === label ? 4 : 0))
  // Video 0: one clip right by far, one wrong by little; video 1: wrong; video 2: right.
  const logits = [[sure(0), [0, 1, 0]], [sure(2)], [sure(1)]]
  binding.score = fakeScoring((_, item) =>
    (logits[item] ?? []).map((values, i) => ({ start: 16 * i, logits: values })),
  )
  const evaluation = await evaluate(await create(), await VideoDataset.open(folder))
  expect(evaluation).toMatchObject({
    clipTop1: 2 / 4,
    clipTop5: 1,
    videoTop1: 2 / 3,
    clips: 4,
    videos: 3,
    confusion: [
      [1, 0, 1],
      [0, 1, 0],
      [0, 0, 0],
    ],
    perClass: [
      { label: 'a', support: 2, recall: 0.5 },
      { label: 'b', support: 1, recall: 1 },
      { label: 'c', support: 0, recall: null },
    ],
  })
  const right = -Math.log(softmax(sure(0))[0] ?? 0)
  const wrong = -Math.log(softmax(sure(0))[1] ?? 0)
  const little = -Math.log(softmax([0, 1, 0])[0] ?? 0)
  expect(evaluation.loss).toBeCloseTo((2 * right + wrong + little) / 4, 6)
})

test('of equal values the earlier is on top', () => {
  expect(topPlaces([1, 3, 3, 2], 3)).toEqual([1, 2, 3])
})

test('CUDA’s switches are set for CUDA devices, and only those that are asked for', () => {
  const switched: unknown[] = []
  binding.setCudaSwitches = (chosen) => switched.push(chosen)
  runtime.configure({ threads: 2 })
  runtime.configure({ tf32: true })
  runtime.configure({ deterministic: true, cudnnBenchmark: false, idleMemory: 0 })
  expect(switched).toEqual([{ tf32: true }, { deterministic: true, cudnnBenchmark: false }])
  for (const name of ['tf32', 'deterministic', 'cudnnBenchmark'])
    expect(() => runtime.configure({ [name]: 1 })).toThrow(`at runtime.${name}: expected true`)
})

test('runtime tells what there is, and what there is not', () => {
  expect(runtime.info()).toMatchObject({
    libtorch: '2.13.0',
    libtorchBuild: 'cuda',
    devices: ['cpu', 'cuda:0'],
    ffmpeg: 'FFmpeg 7.1',
  })
  binding.videoBackend = () => {
    throw nativeError('C3D_FFMPEG_MISSING', 'no libavcodec')
  }
  expect(runtime.info()).toMatchObject({ ffmpeg: null, ffmpegProblem: 'no libavcodec' })
  expect(() => runtime.configure({ threads: -1 })).toThrow('at runtime.threads: expected a whole number')
})
