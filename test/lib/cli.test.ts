import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import type { TrainingEvent } from '../../lib'
import { evaluationReport } from '../../lib/cli/evaluation-report'
import { runCommandLine } from '../../lib/cli/program'
import { Terminal } from '../../lib/cli/terminal'
import { duration, short, table } from '../../lib/cli/text'
import { TrainingReport } from '../../lib/cli/training-report'
import type { NativeTrainRequest } from '../../lib/native/binding'
import {
  epochEvent,
  type FakeBinding,
  fakeBinding,
  fakeScoring,
  finished,
  manualTraining,
  nativeError,
  stepEvent,
  task,
} from './fake-binding'

let binding: FakeBinding
jest.mock('../../lib/native/addon', () => ({ addon: () => binding }))

let folder: string
let data: string
beforeEach(async () => {
  binding = fakeBinding()
  folder = await mkdtemp(path.join(tmpdir(), 'c3d-'))
  data = path.join(folder, 'data')
  for (const name of ['jump', 'run'])
    for (let i = 0; i < 5; i++) {
      await mkdir(path.join(data, name), { recursive: true })
      await writeFile(path.join(data, name, `${i}.mp4`), '')
    }
})
afterEach(() => rm(folder, { recursive: true }))

/** Runs c3d in this process. */
async function c3d(...args: string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const status = await runCommandLine(args, { stdout, stderr })
  const textOf = (stream: PassThrough) => String(stream.read() ?? '')
  return { status, stdout: textOf(stdout), stderr: textOf(stderr) }
}

const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('wrong usage ends with status 2', () => {
  test.each([
    [['trian'], "unknown command 'trian'"],
    [['train'], 'Add --help to see what there is.'],
    [['train'], "missing required argument 'videos'"],
    [['train', 'x', '--epoch', '3'], "unknown option '--epoch'"],
    [['train', 'x', '--epochs', 'three'], 'Expected a number.'],
    [['train', 'x', '--input-size', '1x2x3'], "Expected a size like '112' or '128x112'"],
    [['train', 'x', '--preset', 'best'], 'Allowed choices are modern, paper-section-3'],
    [['train', '/nowhere/at-all'], "Cannot open '/nowhere/at-all'"],
    [['predict', '/nowhere/model.safetensors', 'x.mp4'], "Cannot open '/nowhere/model.safetensors'"],
    [['make-motion-videos', 'x', '--classes', 'left,wright'], 'Expected motions of: left, right'],
  ])('%p', async (args, message) => {
    const { status, stdout, stderr } = await c3d(...args)
    expect(stderr).toContain(message)
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })

  test('settings that the schema refuses', async () => {
    const { status, stderr } = await c3d(
      'train',
      data,
      '--batch-size',
      '0',
      '--out',
      path.join(folder, 'run'),
    )
    expect(stderr).toContain('error: at training.batchSize: expected a whole number of at least 1, got 0')
    expect(status).toBe(2)
  })

  test.each([
    [['--epochs', '0'], 'at training.epochs: expected a whole number of at least 1, got 0'],
    [['--dropout', '1'], 'at model.architecture.dropout: expected a number of at least 0 and less than 1'],
    [['--architecture', 'depth-9'], "got 'depth-9'"],
    [['--limit', '0'], 'at --limit: expected a whole number of at least 1, got 0'],
    [['--validation', '2'], 'at split.validation: expected a number of more than 0 and less than 1, got 2'],
    [['--validation', '20%'], "'20%', given as --validation, is not there"],
  ])('%p is refused before the videos are counted', async (options, message) => {
    const indexVideos = jest.spyOn(binding, 'indexVideos')
    const { status, stderr } = await c3d('train', data, ...options)
    expect(stderr).toContain(message)
    expect(status).toBe(2)
    expect(indexVideos).not.toHaveBeenCalled()
  })

  test.each([
    [['--seeds', '0'], 'at study.seeds: expected a whole number of at least 1 and at most 1000, got 0'],
    [['--nets', 'depth-1,depth-9'], "got 'depth-9'"],
    [['--nets', 'depth-1,depth-1'], "at study.nets[1].name: there are two networks 'depth-1'"],
    [['--spatial-kernel', '2'], 'expected an odd whole number of at least 1, got 2'],
    [['--epochs', '0'], 'at study.training.epochs'],
    [['--match', 'size'], 'Allowed choices are none, parameters, macs'],
    [['--pairs', 'left'], "Expected pairs of classes like 'sit:stand,left:right'"],
    [['--resize', '8', '--input-size', '16'], "expected at least the network's input of 16x16"],
  ])('a study with %p, too', async (options, message) => {
    const indexVideos = jest.spyOn(binding, 'indexVideos')
    const { status, stderr } = await c3d('study', data, ...options)
    expect(stderr).toContain(message)
    expect(status).toBe(2)
    expect(indexVideos).not.toHaveBeenCalled()
  })

  test('so is a run folder that holds a model', async () => {
    const indexVideos = jest.spyOn(binding, 'indexVideos')
    await writeFile(path.join(folder, 'model.safetensors'), '')
    const { stderr } = await c3d('train', data, '--out', folder)
    expect(stderr).toContain(`'${folder}' holds the model of an earlier run`)
    expect(stderr).toContain('--overwrite')
    expect(indexVideos).not.toHaveBeenCalled()
  })

  test('a settings file with a mistake', async () => {
    const file = path.join(folder, 'settings.json')
    await writeFile(file, '{"training": {"epochs": 2}, "modle": {}}')
    const { status, stderr } = await c3d('train', data, '--config', file)
    expect(stderr).toContain(`at ${file}: unknown setting 'modle' (did you mean 'model'?)`)
    expect(status).toBe(2)
  })

  test('options for named networks with one that is given layer by layer', async () => {
    const file = path.join(folder, 'net.json')
    await writeFile(file, JSON.stringify({ layers: [{ type: 'linear', name: 'fc6', units: 3 }] }))
    const { status, stderr } = await c3d('train', data, '--architecture', file, '--frames', '8')
    expect(stderr).toContain('change named networks')
    expect(status).toBe(2)
  })
})

test('help and version end with status 0', async () => {
  expect(await c3d('--version')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  })
  expect(await c3d('train', '--help')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(
      /--no-flip.*modern \(default\).*epochs +30 +16 +17 +6 +14 +45\n.*Examples:/s,
    ),
  })
})

test('what fails for other reasons ends with status 1, and tells its stack when asked', async () => {
  binding.createModel = () =>
    task(() => {
      throw nativeError('C3D_OUT_OF_MEMORY', 'Out of memory.')
    })
  const failed = await c3d('train', data, '--json')
  expect(failed.status).toBe(1)
  expect(linesOf(failed.stdout).at(-1)).toEqual({
    type: 'error',
    code: 'C3D_OUT_OF_MEMORY',
    message: 'Out of memory.',
  })
  expect(failed.stderr).toMatch(/error: Out of memory\.\n$/)
  expect((await c3d('train', data, '--debug')).stderr).toMatch(/error: C3DError: Out of memory\.\n +at /)
})

test('--deterministic sets the switch of CUDA devices', async () => {
  const switched: unknown[] = []
  binding.setCudaSwitches = (chosen) => switched.push(chosen)
  await c3d('predict', '/nowhere', 'x.mp4')
  expect(switched).toEqual([])
  await c3d('predict', '/nowhere', 'x.mp4', '--deterministic')
  expect(switched).toEqual([{ deterministic: true }])
})

describe('train', () => {
  test('prints one object a line with --json, and people’s lines to stderr', async () => {
    const { train, call } = manualTraining()
    binding.train = train
    call.then(({ emit, task }) => {
      emit(stepEvent(1))
      emit(epochEvent(1))
      task.resolve(finished({ epochs: 1, steps: 1 }))
    })
    const out = path.join(folder, 'run')
    const { status, stdout, stderr } = await c3d('train', data, '--json', '--out', out)
    expect(status).toBe(0)
    const types = linesOf(stdout).map((event) => event.type)
    expect(types).toEqual(['dataset', 'start', 'memory', 'step', 'epoch', 'done'])
    expect(stderr).toContain('10 videos of 2 classes, 400 frames')
    expect(stderr).toMatch(
      /c3d: .* multiply-accumulates a clip, on cpu in float32 \(auto: this CPU has no bfloat16 instructions/,
    )
    expect(stderr).toContain('training on 8 videos, validation on 2 videos')
    expect(stderr).toContain('epoch 1/3  loss 1.000  accuracy 50.0%  10.0 clips/s  data wait 0%')
  })

  test('options win over the settings file, and both over the preset', async () => {
    const file = path.join(folder, 'settings.json')
    await writeFile(
      file,
      JSON.stringify({
        model: { architecture: { name: 'depth-3', widthMultiplier: 0.5 }, preprocessing: { scale: 1 } },
        training: { epochs: 7, optimizer: { learningRate: 0.5, momentum: 0.1 } },
      }),
    )
    let request: NativeTrainRequest | undefined
    binding.train = (_model, given) => {
      request = given
      return task(() => finished())
    }
    const args = ['--config', file, '--preset', 'paper-section-3', '--out', path.join(folder, 'run')]
    const options = [
      '--learning-rate',
      '0.25',
      '--no-flip',
      '--frames',
      '8',
      '--temporal-stride',
      '2',
      '--seed',
      '9',
      '--freeze',
      'conv1a, fc8',
    ]
    expect((await c3d('train', data, ...args, ...options, '--validation', 'none')).status).toBe(0)
    expect(request?.config).toMatchObject({
      epochs: 7,
      batchSize: 30,
      seed: 9,
      optimizer: { learningRate: 0.25, momentum: 0.1, weightDecay: 0.005 },
      sampling: { flipProbability: 0, temporalStride: 2 },
    })
    expect(request?.config.optimizer.layers).toEqual({
      conv1a: { learningRate: 0 },
      fc8: { learningRate: 0 },
    })
    expect(request?.validation).toBeNull()
    expect(request?.training.labels).toHaveLength(10)
    expect(binding.created[0]).toMatchObject({
      initializer: 'caffe',
      seed: 9,
      preprocessing: { channelOrder: 'bgr', scale: 1 },
      architecture: { name: 'depth-3', input: { frames: 8, height: 112 } },
    })
    expect(binding.created[0]?.architecture.layers[0]).toMatchObject({ filters: 32, batchNorm: false })
  })

  test('the config.json of a run makes the same run again', async () => {
    const requests: NativeTrainRequest[] = []
    binding.train = (_model, given) => {
      requests.push(given)
      return task(() => finished())
    }
    const [first, second] = [path.join(folder, 'first'), path.join(folder, 'second')]
    const options = [
      '--architecture',
      'depth-5',
      '--width-multiplier',
      '0.1',
      '--epochs',
      '3',
      '--no-batch-norm',
      '--seed',
      '9',
    ]
    await c3d('train', data, ...options, '--out', first)
    await c3d('train', data, '--config', path.join(first, 'config.json'), '--out', second)
    expect(requests[1]?.config).toEqual(requests[0]?.config)
    expect(binding.created[1]).toEqual(binding.created[0])
    const [a, b] = await Promise.all(
      [first, second].map((run) => readFile(path.join(run, 'config.json'), 'utf8')),
    )
    expect(b).toBe(a)
  })

  test('--limit takes videos of every class, --validation another folder', async () => {
    const other = path.join(folder, 'other')
    await cp(data, other, { recursive: true })
    let request: NativeTrainRequest | undefined
    binding.train = (_model, given) => {
      request = given
      return task(() => finished())
    }
    await c3d('train', data, '--limit', '4', '--validation', other, '--out', path.join(folder, 'run'))
    expect([...(request?.training.labels ?? [])]).toEqual([0, 0, 1, 1])
    expect(request?.validation?.labels).toHaveLength(10)
    expect(request?.validation?.set).not.toBe(request?.training.set)
  })

  test.each([
    ['SIGINT', 'press Ctrl-C', 130],
    ['SIGTERM', 'SIGTERM', 143],
  ] as const)('%s saves the model and ends with its status', async (signal, again, expected) => {
    const { train, call } = manualTraining(({ emit, task }) => {
      emit({ type: 'checkpoint', epoch: 0, step: 0, file: 'model.safetensors' })
      task.reject(nativeError('C3D_ABORTED', 'stopped'))
    })
    binding.train = train
    const listeners = process.listenerCount(signal)
    call.then(() => process.emit(signal, signal))
    const out = path.join(folder, 'run')
    const { status, stderr } = await c3d('train', data, '--out', out)
    expect(status).toBe(expected)
    expect(stderr).toContain(`Stopping; ${again} again to quit at once.`)
    expect(stderr).toContain(`The model as it is now is saved in ${out}.`)
    expect(process.listenerCount(signal)).toBe(listeners)
  })
})

test('a reader that leaves early ends nothing, on stdout or stderr', async () => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const left = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
  stdout.destroy(left)
  stderr.destroy(left)
  const out = path.join(folder, 'run')
  expect(await runCommandLine(['train', data, '--json', '--out', out], { stdout, stderr })).toBe(0)
})

describe('predict', () => {
  /** Trains nothing; the header of the saved file and as many zeros as it asks for. */
  async function makeModel(): Promise<string> {
    let header = ''
    binding.train = (_model, request) => {
      header = request.files?.modelHeader ?? ''
      return task(() => finished())
    }
    await c3d('train', data, '--out', path.join(folder, 'run'))
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)))
    const file = path.join(folder, 'model.safetensors')
    await writeFile(file, Buffer.concat([length, Buffer.from(header), Buffer.alloc(4 * (2 * 81 + 2))]))
    return file
  }

  test('answers for every video that can be read', async () => {
    const model = await makeModel()
    await writeFile(path.join(folder, 'broken.mp4'), '')
    binding.score = fakeScoring(() => [{ start: 0, logits: [0, 100] }])
    const video = path.join(data, 'run', '0.mp4')
    const { status, stdout, stderr } = await c3d(
      'predict',
      model,
      path.join(folder, 'broken.mp4'),
      video,
      '--per-clip',
    )
    expect(stdout).toBe(
      `${video}: run 100.0%, jump 0.0%\n  frames 0 to 15 (0.00 to 0.64 s): run 100.0%, jump 0.0%\n`,
    )
    expect(stderr).toContain('broken.mp4')
    expect(status).toBe(2)
  })

  test('prints one object a video with --json', async () => {
    const model = await makeModel()
    binding.score = fakeScoring(() => [{ start: 0, logits: [0, 100] }])
    const { status, stdout } = await c3d(
      'predict',
      model,
      path.join(data, 'run', '0.mp4'),
      '--json',
      '--top',
      '1',
    )
    expect(status).toBe(0)
    expect(linesOf(stdout)).toMatchObject([
      { type: 'prediction', top: [{ label: 'run' }], clips: [{ start: 0 }] },
    ])
  })

  test('evaluate prints its table', async () => {
    const model = await makeModel()
    binding.score = fakeScoring(() => [{ start: 0, logits: [0, 100] }])
    const { status, stdout } = await c3d('evaluate', model, data)
    expect(status).toBe(0)
    expect(stdout).toMatch(/10 videos +50\.0% +100\.0%/)
    expect(stdout).toMatch(/jump +5 +0\.0% +- +0\.0% +50\.0% +run \(5\)/)
    expect(stdout).toMatch(/run +5 +100\.0% +50\.0% +66\.7% +50\.0%/)
  })

  test('evaluate writes the confusion matrix and the answers, and prints everything with --json', async () => {
    const model = await makeModel()
    binding.score = fakeScoring(() => [{ start: 0, logits: [0, 100] }])
    const file = (name: string) => path.join(folder, name)
    const files = ['--confusion', file('m.csv'), '--confusion', file('m.svg'), '--details', file('d.csv')]
    const { stdout } = await c3d('evaluate', model, data, '--json', ...files)
    expect(linesOf(stdout).at(-1)).toMatchObject({
      type: 'evaluation',
      classes: ['jump', 'run'],
      meanClassAccuracy: 0.5,
      perClass: [
        { label: 'jump', precision: null },
        { label: 'run', precision: 0.5 },
      ],
    })
    expect(await readFile(file('m.csv'), 'utf8')).toBe('class,jump,run\njump,0,5\nrun,0,5\n')
    expect(await readFile(file('m.svg'), 'utf8')).toContain('</svg>')
    expect((await readFile(file('d.csv'), 'utf8')).split('\n')).toHaveLength(12)
  })

  test('evaluate and predict ask several models', async () => {
    const model = await makeModel()
    binding.score = fakeScoring(() => [{ start: 0, logits: [0, 100] }])
    const evaluated = await c3d('evaluate', model, data, '--with', model, '--weights', '1,3')
    expect(evaluated.stdout).toMatch(/safetensors +25\.0% +50\.0% .*\n.* +75\.0% .*\ntogether +50\.0%/)
    const video = path.join(data, 'run', '0.mp4')
    const predicted = await c3d('predict', model, video, '--with', model, '--top', '1')
    expect(predicted.stdout).toBe(`${video}: run 100.0%\n`)
    const refused = await c3d('predict', model, video, '--with', model, '--per-clip')
    expect(refused).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--per-clip: this is for one'),
    })
  })

  test.each([
    [
      ['--confusion', 'matrix.jpg'],
      "ends with .csv, .svg or .png for the confusion matrix, got 'matrix.jpg'",
    ],
    [['--details', 'videos.txt'], 'ends with .jsonl or .csv'],
    [['--weights', '1,2'], 'at --weights: expected 1, one a model (see --with), got 2'],
    [['--aggregate', 'mean'], 'Allowed choices are probabilities, logits, max'],
  ])('evaluate refuses %p before the videos are counted', async (options, message) => {
    const model = await makeModel()
    const indexVideos = jest.spyOn(binding, 'indexVideos')
    const { status, stderr } = await c3d('evaluate', model, data, ...options)
    expect(stderr).toContain(message)
    expect(status).toBe(2)
    expect(indexVideos).not.toHaveBeenCalled()
  })

  test('evaluate refuses classes that the model does not know before the videos are counted', async () => {
    const model = await makeModel()
    await cp(path.join(data, 'run'), path.join(data, 'swim'), { recursive: true })
    const indexVideos = jest.spyOn(binding, 'indexVideos')
    const { status, stderr } = await c3d('evaluate', model, data)
    expect(stderr).toContain("The data set has the class 'swim', which the model does not know")
    expect(status).toBe(2)
    expect(indexVideos).not.toHaveBeenCalled()
  })

  test('the table of an evaluation shows the worst of many classes', () => {
    const perClass = Array.from({ length: 100 }, (_, i) => ({
      ...{ label: `class ${i}`, support: i === 99 ? 0 : 2, precision: 1, f1: 1, averagePrecision: 1 },
      recall: i === 99 ? null : 1 - i / 100,
    }))
    const confusion = perClass.map(() => perClass.map(() => 0))
    const scores = {
      videoTop1: 0.5,
      videoTop5: 1,
      videos: 198,
      clipTop1: 0.5,
      clipTop5: 1,
      clips: 198,
      loss: 1,
    }
    const means = { meanClassAccuracy: 0.5, meanAveragePrecision: 0.5 }
    const report = evaluationReport({ ...scores, ...means, confusion, perClass }, ['model'])
    expect(report.match(/^class \d+ /gm)).toHaveLength(20)
    expect(report).toMatch(/mistaken for\nclass 98 +2 +2\.0%/)
    expect(report).toContain('the worst 20 of 100 classes; --json tells all')
  })

  test('evaluate takes a manifest, and the test part of official lists', async () => {
    const model = await makeModel()
    binding.score = fakeScoring(() => [{ start: 0, logits: [0, 100] }])
    const list = path.join(folder, 'list.csv')
    await writeFile(list, 'path,label,split\n0.mp4,run,train\n1.mp4,run,test\n')
    const options = ['--root', path.join(data, 'run'), '--split', 'test']
    expect((await c3d('evaluate', model, list, ...options)).stdout).toMatch(/1 video +100\.0%/)
    await writeFile(path.join(folder, 'run_test_split1.txt'), '0.mp4 1\n1.mp4 2\n2.mp4 2\n3.mp4 0\n')
    const official = await c3d('evaluate', model, data, '--hmdb51-lists', folder)
    expect(official.stdout).toMatch(/2 videos +100\.0%/)
  })
})

describe('data check', () => {
  test('tells what there is and what is broken, with status 1', async () => {
    await writeFile(path.join(data, 'run', 'broken.mp4'), '')
    const { status, stdout, stderr } = await c3d('data', 'check', data, '--clip-length', '41')
    expect(status).toBe(1)
    expect(stderr).toBe('')
    expect(stdout).toContain(`${data}: 10 videos of 2 classes in 10 files, 400 frames\n`)
    expect(stdout).toMatch(/class {2}videos {2}frames\njump {8}5 {5}200\nrun {9}5 {5}200\n/)
    expect(stdout).toMatch(/imbalance +1\.0/)
    expect(stdout).toMatch(/length +40 to 40 frames, median 40\nunder 41 frames +10 videos\n/)
    expect(stdout).toMatch(/size +320x240 \(10\)\nframe rate +25 \(10\)\ncodec +h264 \(10\)\n/)
    expect(stdout).toContain(
      `broken, left out: 1\n  ${path.join(data, 'run', 'broken.mp4')}: no video stream\n`,
    )
    expect(stdout).toContain('suspected duplicates: none')
  })

  test('reads every file, though its frames were counted before', async () => {
    const indexed = jest.spyOn(binding, 'indexVideos')
    await c3d('data', 'check', data, '--against', data)
    expect(indexed.mock.calls.map(([, options]) => options.cache)).toEqual([null, null])
  })

  test('ends with status 0 where nothing is', async () => {
    const { status, stdout } = await c3d('data', 'check', data, '--json')
    expect(status).toBe(0)
    expect(linesOf(stdout)).toMatchObject([
      { type: 'check', source: data, videos: 10, problems: [], duplicates: [] },
    ])
  })

  test('reports where nothing can be read, and videos without classes', async () => {
    const broken = path.join(folder, 'bad', 'run')
    await mkdir(broken, { recursive: true })
    await writeFile(path.join(broken, 'broken.mp4'), '')
    const { status, stdout } = await c3d('data', 'check', path.dirname(broken))
    expect(status).toBe(1)
    expect(stdout).toContain('0 videos of 0 classes in 0 files')
    const loose = await c3d('data', 'check', path.join(data, 'run'))
    expect(loose.status).toBe(0)
    expect(loose.stdout).toContain('5 videos without a class folder: no training uses them')
  })

  test('compares two parts', async () => {
    const other = path.join(folder, 'other')
    await mkdir(path.join(other, 'jump'), { recursive: true })
    await writeFile(path.join(other, 'jump', 'new.mp4'), '')
    expect(await c3d('data', 'check', data, '--against', other)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('shared by both parts: none\n'),
    })
    await writeFile(path.join(other, 'jump', 'copy2.mp4'), '')
    await writeFile(path.join(data, 'run', 'copy.mp4'), '')
    const { status, stdout } = await c3d('data', 'check', data, '--against', other)
    expect(status).toBe(1)
    const [a, b] = [path.join(data, 'run', 'copy.mp4'), path.join(other, 'jump', 'copy2.mp4')]
    expect(stdout).toContain(`shared by both parts: 1\n  '${a}' and '${b}' show the same pictures\n`)
    const json = await c3d('data', 'check', data, '--against', other, '--json')
    expect(linesOf(json.stdout).at(-1)).toEqual({
      type: 'overlaps',
      overlaps: [{ kind: 'pictures', first: [a], second: [b] }],
    })
  })

  test('compares two values of a split column', async () => {
    const list = path.join(folder, 'list.csv')
    await writeFile(list, 'path,label,split\ndata/run/0.mp4,run,a\ndata/run/0.mp4,run,b\n')
    const { status, stdout } = await c3d('data', 'check', list, '--split', 'a', '--against-split', 'b')
    expect(status).toBe(1)
    expect(stdout).toContain(`'${path.join(data, 'run', '0.mp4')}' is in both`)
  })

  test('wrong usage ends with status 2', async () => {
    expect(await c3d('data', 'check', '/nowhere/at-all')).toMatchObject({ status: 2, stdout: '' })
    expect((await c3d('data', 'chekc', data)).status).toBe(2)
    expect((await c3d('data')).status).toBe(2)
    const both = await c3d('data', 'check', data, '--ucf101-lists', 'a', '--hmdb51-lists', 'b')
    expect(both.status).toBe(2)
    expect(both.stderr).toContain(
      "option '--ucf101-lists <folder>' cannot be used with option '--hmdb51-lists",
    )
  })
})

describe('sources', () => {
  /** What a training is asked to do. */
  async function requested(...args: string[]) {
    let request: NativeTrainRequest | undefined
    binding.train = (_model, given) => {
      request = given
      return task(() => finished())
    }
    const ended = await c3d('train', ...args, '--out', path.join(folder, 'run'), '--overwrite')
    return { ...ended, request }
  }

  const count = (request?: NativeTrainRequest) => [
    request?.training.videos.length,
    request?.validation?.videos.length,
  ]

  test('a manifest, parted by its split column', async () => {
    const list = path.join(folder, 'list.csv')
    const lines = ['jump', 'run'].flatMap((name) =>
      [0, 1, 2, 3, 4].map((i) => `data/${name}/${i}.mp4,${name},${i < 3 ? 'train' : 'val'}`),
    )
    await writeFile(list, ['path,label,split', ...lines].join('\n'))
    const split = ['--split', 'train', '--validation-split', 'val']
    const { status, request } = await requested(list, ...split)
    expect([status, count(request)]).toEqual([0, [6, 4]])
    const mixed = await requested(list)
    expect(mixed.stderr).toContain(`warning: ${list}`)
    expect(count(mixed.request)).toEqual([8, 2])
  })

  test('the official lists of UCF101; a part of the training videos instead of the test', async () => {
    const lists = path.join(folder, 'lists')
    await mkdir(lists)
    await writeFile(path.join(lists, 'classInd.txt'), '1 jump\n2 run\n')
    const part = (...numbers: number[]) =>
      ['jump', 'run'].flatMap((name) => numbers.map((i) => `${name}/${i}.mp4`)).join('\n')
    await writeFile(path.join(lists, 'trainlist01.txt'), part(0, 1))
    await writeFile(path.join(lists, 'testlist01.txt'), part(2, 3, 4))
    const official = await requested(data, '--ucf101-lists', lists, '--split', '1')
    expect([official.status, count(official.request)]).toEqual([0, [4, 6]])
    expect(official.stderr).toContain('testlist01.txt: 6 videos of 2 classes')
    const own = await requested(data, '--ucf101-lists', lists, '--validation', '0.5')
    expect(count(own.request)).toEqual([2, 2])
    const wrong = await requested(data, '--ucf101-lists', lists, '--split', 'one')
    expect(wrong).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('at openUcf101.split: expected'),
    })
    const checked = await c3d('data', 'check', data, '--ucf101-lists', lists, '--json')
    expect(linesOf(checked.stdout)).toMatchObject([
      { type: 'check', videos: 4 },
      { type: 'check', videos: 6 },
      { type: 'overlaps', overlaps: [] },
    ])
  })

  test('classes of the validation that the training does not have are told before its videos are counted', async () => {
    const other = path.join(folder, 'other.csv')
    await writeFile(other, `path,label\n${path.join(data, 'run', '0.mp4')},swim\n`)
    const counted: string[][] = []
    const { indexVideos } = binding
    binding.indexVideos = (paths, ...rest) => {
      counted.push(paths)
      return indexVideos(paths, ...rest)
    }
    const { status, stderr } = await c3d('train', data, '--validation', other)
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining("the class 'swim'") })
    expect(counted).toHaveLength(1)
  })

  test('validation on what is trained on is refused, unless forced', async () => {
    const refused = await requested(data, '--validation', data)
    expect(refused.status).toBe(2)
    expect(refused.stderr).toContain('The training and validation sets overlap')
    const forced = await requested(data, '--validation', data, '--allow-overlap')
    expect([forced.status, count(forced.request)]).toEqual([0, [10, 10]])
  })
})

test('a terminal gets a bar with what a training does and how long it will', () => {
  const [stdout, stderr] = [new PassThrough(), Object.assign(new PassThrough(), { isTTY: true })]
  const terminal = new Terminal({ stdout, stderr }, false)
  const report = new TrainingReport(terminal, { network: 'c3d', videos: '' })
  const shown = () => {
    terminal.clearProgress() // draws it a last time
    return String(stderr.read())
  }
  report.show(stepEvent(1) as TrainingEvent)
  expect(shown()).toMatch(
    /epoch 1\/3 .+ 1\/1000 {2}loss 1\.000 {2}accuracy 50\.0% {2}10\.0 clips\/s {2}data wait 0%/,
  )
  report.show(stepEvent(2) as TrainingEvent)
  expect(shown()).toMatch(/ 2\/1000 {2}\d+ (s|min \d+ s) left {2}loss/)
  expect(stdout.read()).toBeNull()
})

test('times for people', () => {
  expect([59.4, 83.4, 3599, 3700, 90_061].map(duration)).toEqual([
    '59 s',
    '1 min 23 s',
    '59 min 59 s',
    '1 h 1 min',
    '25 h 1 min',
  ])
})

describe('info', () => {
  test('tells what this installation can do', async () => {
    const { stdout } = await c3d('info')
    expect(stdout).toContain('LibTorch  2.13.0, cuda build (AVX2)')
    expect(stdout).toContain('devices   cpu, cuda:0')
    expect(linesOf((await c3d('info', '--json')).stdout)).toMatchObject([
      { type: 'runtime', ffmpeg: 'FFmpeg 7.1' },
    ])
  })

  test('shows the layers of a network', async () => {
    binding.describeArchitecture = (_architecture, classes) => ({
      layers: [{ name: 'fc8', type: 'linear', output: [classes], parameters: 413_797, macs: 413_696 }],
      parameters: 78_409_573,
      macs: 38_547_000_000,
      activationBytes: 150e6,
    })
    const { stdout } = await c3d('info', '--architecture', 'c3d')
    expect(stdout).toMatch(/fc8 +101 +413,797 +413\.70 k/)
    expect(stdout).toMatch(/total +78,409,573 +38\.55 G/)
    // Both say something of a network, so that of the package itself is not what is asked for.
    expect((await c3d('info', '--classes', '7')).stdout).toMatch(/fc8 +7 /)
    expect((await c3d('info', '--preset', 'modern')).stdout).toContain('total')
  })

  test('tells the memory of a training by its settings', async () => {
    binding.describeArchitecture = () => ({
      layers: [],
      parameters: 25_000_000,
      macs: 0,
      activationBytes: 150e6,
    })
    const config = path.join(folder, 'memory.json')
    await writeFile(
      config,
      JSON.stringify({ training: { batchSize: 10, precision: 'float32', loader: { prefetch: 1 } } }),
    )
    const { stdout } = await c3d('info', '--config', config)
    expect(stdout).toContain('batches of 10:')
    expect(stdout).not.toContain('counted as in float32')
    const lower = path.join(folder, 'lower.json')
    await writeFile(lower, JSON.stringify({ training: { precision: 'bfloat16' } }))
    expect((await c3d('info', '--config', lower)).stdout).toContain('counted as in float32: in bfloat16')
    expect(stdout).toMatch(/activations +1\.5 GB +\(150 MB a clip\)/)
    expect(stdout).toMatch(/weights +100 MB/)
    expect(stdout).toMatch(/momentum +100 MB/)
    const json = linesOf((await c3d('info', '--config', config, '--batch-size', '4', '--json')).stdout)
    // 3 batches of uint8 [4, 16, 112, 112, 3], and what LibTorch takes.
    const clips = 3 * 4 * 16 * 112 * 112 * 3
    expect(json).toMatchObject([
      {
        memory: { weights: 100e6, activations: 600e6, clips, cache: 0, total: 300e6 + 600e6 + clips + 100e6 },
      },
    ])
  })
})

test('numbers and tables', () => {
  expect([0, 999, 1000, 78_409_573, 38_547e6].map(short)).toEqual([
    '0',
    '999',
    '1.00 k',
    '78.41 M',
    '38.55 G',
  ])
  expect(
    table([
      ['a', 'bb'],
      ['ccc', 'd'],
    ]),
  ).toBe('a    bb\nccc   d')
})
