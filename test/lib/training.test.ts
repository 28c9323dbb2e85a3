import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { C3D, evaluate, type TrainingEvent, type TrainOptions, train, VideoDataset } from '../../lib'
import { resolveTraining } from '../../lib/config/training'
import { classesWithoutClips, withoutClipsWarning } from '../../lib/training/coverage'
import { mirroredClasses } from '../../lib/training/mirrored-classes'
import { parseHeader } from '../../lib/weights/safetensors'
import {
  epochEvent,
  type FakeBinding,
  fakeBinding,
  finished,
  manualTraining,
  nativeError,
  stepEvent,
} from './fake-binding'

let binding: FakeBinding
jest.mock('../../lib/native/addon', () => ({ addon: () => binding }))

let folder: string
beforeEach(async () => {
  binding = fakeBinding()
  folder = await mkdtemp(path.join(tmpdir(), 'c3d-'))
  for (const name of ['turn_left', 'turn_right', 'wait'])
    for (let i = 0; i < 5; i++) {
      await mkdir(path.join(folder, 'data', name), { recursive: true })
      await writeFile(path.join(folder, 'data', name, `${i}.mp4`), '')
    }
})
afterEach(() => rm(folder, { recursive: true }))

const openData = () => VideoDataset.open(path.join(folder, 'data'))
const createModel = (classes: readonly string[]) =>
  C3D.create({ architecture: 'depth-3', classes: [...classes] })

function thrownBy(action: () => unknown): Error {
  try {
    action()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

async function eventsOf(run: AsyncIterable<TrainingEvent>): Promise<TrainingEvent[]> {
  const events: TrainingEvent[] = []
  for await (const event of run) events.push(event)
  return events
}

test('a run writes its configuration, its metrics and a header for its weights', async () => {
  const { train: trainNative, call } = manualTraining()
  binding.train = trainNative
  const data = await openData()
  const { training, validation } = data.split({ seed: 3 })
  const model = await createModel(data.classes)
  const out = path.join(folder, 'run')
  const run = train(model, training, { epochs: 2, validation, out, sampling: { flipProbability: 0 } })
  const events = eventsOf(run)

  const { request, emit, task } = await call
  expect(request.config.epochs).toBe(2)
  expect(request.validation?.labels).toHaveLength(3)
  expect(request.files?.model).toBe(path.join(out, 'model.safetensors'))
  const header = Buffer.from(request.files?.modelHeader ?? '')
  const { metadata } = parseHeader(header, 8 + header.length + 4 * (2 * 81 + 2), 'header')
  expect(JSON.parse(metadata['torch-c3d'] ?? '')).toMatchObject({
    classes: data.classes,
    training: { epochs: 2 },
  })

  emit(stepEvent(7))
  emit(epochEvent(1))
  emit(epochEvent(2))
  task.resolve(finished({ epochs: 2, steps: 8 }))
  const result = { reason: 'finished', epochs: 2, steps: 8, out, model: path.join(out, 'model.safetensors') }
  expect((await events).at(-1)).toMatchObject({ type: 'done', ...result })
  expect(await run.done).toMatchObject(result)

  expect(request.files?.metrics).toBe(path.join(out, 'metrics.jsonl'))
  const config = JSON.parse(await readFile(path.join(out, 'config.json'), 'utf8'))
  expect(config).toMatchObject({ training: { epochs: 2 }, data: { classes: data.classes } })
  expect(config.data.validation).toHaveLength(3)
  expect(config.data.training).toHaveLength(12)
})

test('labels follow the model’s order of the classes', async () => {
  const { train: trainNative, call } = manualTraining()
  binding.train = trainNative
  const data = await openData()
  const model = await createModel(data.classes.toReversed())
  const run = train(model, data)
  const { request, task } = await call
  expect([...request.training.labels]).toEqual([
    ...Array(5).fill(2),
    ...Array(5).fill(1),
    ...Array(5).fill(0),
  ])
  task.resolve(finished())
  await run.done
})

test('validation that shares videos with training is refused, unless forced', async () => {
  const { train: trainNative, call } = manualTraining()
  binding.train = trainNative
  const data = await openData()
  const model = await createModel(data.classes)
  const validation = data.subset((video) => video.path.endsWith('0.mp4'))
  const error = thrownBy(() => train(model, data, { validation }))
  expect(error).toMatchObject({ code: 'C3D_INVALID_ARGUMENT' })
  expect(error.message).toMatch(/^The training and validation sets overlap/)
  expect(error.message).toContain(`turn_left/0.mp4' is in both`)
  expect(error.message).toContain('set allowOverlap (--allow-overlap)')
  const run = train(model, data, { validation, allowOverlap: true })
  const { task } = await call
  task.resolve(finished())
  expect(await run.done).toMatchObject({ reason: 'finished' })
})

test('parts of videos go to the addon, and into the configuration of the run', async () => {
  const { train: trainNative, call } = manualTraining()
  binding.train = trainNative
  const list = path.join(folder, 'data', 'list.csv')
  await writeFile(
    list,
    'path,label,start,end\nwait/0.mp4,wait,3,20\nwait/0.mp4,turn,20,\nwait/1.mp4,turn,,\n',
  )
  const data = await VideoDataset.open(list)
  const out = path.join(folder, 'run')
  const run = train(await createModel(data.classes), data, { out })
  const { request, task } = await call
  const { videos, labels, starts, ends } = request.training
  expect([videos, labels, starts, ends].map((array) => [...array])).toEqual([
    [0, 0, 1],
    [1, 0, 0],
    [3, 20, 0],
    [20, 0, 0],
  ])
  task.resolve(finished())
  await run.done
  const { data: written } = JSON.parse(await readFile(path.join(out, 'config.json'), 'utf8'))
  expect(written).toMatchObject({
    source: list,
    training: ['wait/0.mp4 frames 3 to 19', 'wait/0.mp4 frames 20 to 39', 'wait/1.mp4'],
  })
})

test('a video of several classes is refused', async () => {
  const list = path.join(folder, 'data', 'list.csv')
  await writeFile(list, 'path,labels\nwait/0.mp4,wait|turn\n')
  const data = await VideoDataset.open(list)
  const model = await createModel(data.classes)
  const message = expect.stringContaining("The model expects one class for every video, but '")
  expect(thrownBy(() => train(model, data))).toMatchObject({ code: 'C3D_INVALID_ARGUMENT', message })
  await expect(evaluate(model, data)).rejects.toMatchObject({ code: 'C3D_INVALID_ARGUMENT', message })
})

test('colours that are not named do not change', () => {
  const { sampling } = resolveTraining({ sampling: { colorJitter: { hue: 0.1 } } }, 'modern')
  expect(sampling.colorJitter).toEqual({ brightness: 0, contrast: 0, saturation: 0, hue: 0.1 })
})

test('classes without a clip are told by name, at the start and where none could be read', async () => {
  const { train: trainNative, call } = manualTraining()
  binding.train = trainNative
  const data = await openData()
  const model = await createModel([...data.classes, 'run'])
  const { frames } = data.videos[0] as (typeof data.videos)[0]
  const events = eventsOf(
    train(
      model,
      data.subset(({ label }) => label !== 'turn_left'),
      { sampling: { flipProbability: 0 } },
    ),
  )
  const { emit, task } = await call
  emit({ type: 'untrained-classes', classes: [2] })
  task.resolve(finished())
  const warnings = (await events).flatMap((event) => (event.type === 'warning' ? [event.message] : []))
  expect(warnings).toEqual([
    "The training set gives no clip of the classes 'turn_left', 'run': the model will not learn them.",
    "No clip of the class 'wait' could be read in this epoch, so that nothing was learnt of it.",
  ])

  // All videos are shorter than a clip at this stride.
  const strided = await C3D.create({
    architecture: 'depth-3',
    classes: data.classes,
    preprocessing: { temporalStride: frames },
  })
  const config = resolveTraining({ sampling: { shortVideos: 'skip' } }, 'modern')
  expect(classesWithoutClips(data, strided.config, config)).toEqual(data.classes)
  expect(withoutClipsWarning(data, ['wait'])).toContain(
    "no clip of the class 'wait' (videos shorter than a clip are skipped; see sampling.shortVideos)",
  )
})

test('leaving the loop cancels the native run and counts what was done', async () => {
  const { train: trainNative, call } = manualTraining()
  binding.train = trainNative
  const data = await openData()
  const run = train(await createModel(data.classes), data)
  call.then(({ emit }) => {
    emit(stepEvent(1))
    emit(epochEvent(1))
    emit(stepEvent(2))
  })
  for await (const _ of run.epochs()) break
  expect((await call).task.cancelled).toBe(true)
  expect(await run.done).toMatchObject({ reason: 'stopped', epochs: 1, steps: 2 })
})

test('an error of the training thread is typed', async () => {
  const { train: trainNative, call } = manualTraining()
  binding.train = trainNative
  const data = await openData()
  const run = train(await createModel(data.classes), data)
  call.then(({ task }) => task.reject(nativeError('C3D_VIDEO_UNREADABLE', '0.mp4 is damaged')))
  await expect(eventsOf(run)).rejects.toMatchObject({
    code: 'C3D_VIDEO_UNREADABLE',
    message: '0.mp4 is damaged',
  })
})

test('mirroring clips of mirrored classes is warned of', async () => {
  const data = await openData()
  const model = await createModel(data.classes)
  const [start, warning] = await eventsOf(train(model, data))
  expect(start).toMatchObject({ type: 'start', device: 'cpu' })
  expect(warning).toMatchObject({
    type: 'warning',
    message: expect.stringContaining("'turn_left' and 'turn_right'"),
  })
  const quiet = await eventsOf(train(model, data, { sampling: { flipProbability: 0 } }))
  expect(quiet.map((event) => event.type)).toEqual(['start', 'memory', 'done'])
})

test.each([
  [
    ['turn_left', 'Turn-Right'],
    ['turn_left', 'Turn-Right'],
  ],
  [
    ['clockwise', 'anticlockwise'],
    ['anticlockwise', 'clockwise'],
  ],
  [
    ['counter clockwise', 'clockwise'],
    ['counter clockwise', 'clockwise'],
  ],
  [['left', 'up'], undefined],
  [['archery', 'cleft'], undefined],
])('mirrored classes of %p are %p', (classes, mirrored) => {
  expect(mirroredClasses(classes)).toEqual(mirrored)
})

describe('refuses', () => {
  test('settings that are wrong', async () => {
    const data = await openData()
    const model = await createModel(data.classes)
    const wrong = { batchsize: 3, validation: 'val' } as unknown as TrainOptions
    expect(() => train(model, data, wrong)).toThrow("unknown setting 'batchsize' (did you mean 'batchSize'?)")
    expect(() => train(model, data, wrong)).toThrow(
      "at training.validation: expected a VideoDataset, got 'val'",
    )
  })

  test('classes that do not fit', async () => {
    const data = await openData()
    const fewer = await createModel(['turn_left', 'wait'])
    expect(() => train(fewer, data)).toThrow("has the class 'turn_right', which the model does not know")
  })

  test('settings of the other kind of model', async () => {
    const data = await openData()
    const oneLabel = await createModel(data.classes)
    const multiLabel = await C3D.create({ architecture: 'depth-3', classes: data.classes, multiLabel: true })
    const validation = data
    const options = { validation, allowOverlap: true }
    for (const [model, settings, message] of [
      [oneLabel, { loss: { positiveWeights: 'balanced' } }, 'loss.positiveWeights: this is for multi-label'],
      [
        oneLabel,
        { earlyStopping: { patience: 1, metric: 'mAP' } },
        "expected 'accuracy' or 'loss', got 'mAP'",
      ],
      [multiLabel, { loss: { classWeights: [1, 1, 1] } }, 'use positiveWeights'],
      [
        multiLabel,
        { loss: { positiveWeights: [1, 2] } },
        'expected 3 weights, one a class of the model, got 2',
      ],
      [multiLabel, { sampling: { balanceClasses: true } }, 'no one class to balance'],
      [multiLabel, { earlyStopping: { patience: 1, metric: 'accuracy' } }, "expected 'mAP' or 'loss'"],
    ] as [C3D, TrainOptions, string][])
      expect(() => train(model, data, { ...options, ...settings })).toThrow(message)
  })

  test('classes without a clip: all but one, which leaves nothing to learn', async () => {
    const data = await openData()
    const model = await createModel(data.classes)
    const only = data.subset(({ label }) => label === 'wait')
    expect(thrownBy(() => train(model, only))).toMatchObject({
      code: 'C3D_EMPTY_DATASET',
      message: expect.stringContaining("Of the model's 3 classes only 'wait' has clips to train on"),
    })
  })

  test('an empty data set', async () => {
    const data = await openData()
    const model = await createModel(data.classes)
    const empty = data.subset(() => false)
    expect(() => train(model, empty)).toThrow('The training set holds no video.')
    expect(() => train(model, data, { validation: empty })).toThrow('The validation set holds no video.')
  })

  test('a second training of the model meanwhile', async () => {
    const { train: trainNative, call } = manualTraining()
    binding.train = trainNative
    const data = await openData()
    const model = await createModel(data.classes)
    const run = train(model, data)
    expect(() => train(model, data)).toThrow('being trained already')
    ;(await call).task.resolve(finished())
    await run.done
    await train(model, data).stop()
  })

  test('to lose an earlier model', async () => {
    const data = await openData()
    const model = await createModel(data.classes)
    const out = path.join(folder, 'run')
    await mkdir(out)
    await writeFile(path.join(out, 'model.safetensors'), '')
    await expect(train(model, data, { out }).done).rejects.toMatchObject({ code: 'C3D_FILE' })
    await expect(train(model, data, { out, overwrite: true }).done).resolves.toMatchObject({
      reason: 'finished',
    })
  })

  test('a run folder that cannot be written', async () => {
    const data = await openData()
    const model = await createModel(data.classes)
    const out = path.join(folder, 'data', 'wait', '0.mp4', 'run')
    await expect(train(model, data, { out }).done).rejects.toThrow(`Cannot make the folder '${out}'`)
  })

  test('a closed model or data set', async () => {
    const data = await openData()
    const model = await createModel(data.classes)
    data.close()
    expect(() => train(model, data)).toThrow(expect.objectContaining({ code: 'C3D_CLOSED' }))
    model.close()
    expect(() => train(model, data)).toThrow(expect.objectContaining({ code: 'C3D_CLOSED' }))
  })
})
