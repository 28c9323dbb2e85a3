import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { C3D, type EpochEvent, evaluate, predict, type TrainOptions, train, VideoDataset } from '../../lib'
import { runCommandLine } from '../../lib/cli/program'
import { makeFrameFolders } from '../support/frame-folders'
import { temporaryFolder } from '../support/temporary'

const folder = temporaryFolder()
const made = makeFrameFolders(path.join(folder, 'data'), {
  classes: 2,
  videos: 4,
  frames: 8,
  width: 28,
  height: 21,
})
/** Videos of several classes, of one and of none. */
const labels = [['up'], ['up', 'slow'], [], ['slow'], ['left'], ['left', 'slow'], ['up', 'left', 'slow'], []]
const manifest = path.join(made.folder, 'videos.jsonl')
const entries = labels.map((own, i) => ({ path: `${i < 4 ? 'a' : 'b'}/${i % 4}`, labels: own }))
writeFileSync(manifest, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))

const recipe: TrainOptions = {
  batchSize: 4,
  sampling: { crop: 'center', flipProbability: 0, colorJitter: {} },
}
const architecture = {
  name: 'depth-3',
  input: { frames: 8, height: 16, width: 16 },
  widthMultiplier: 1 / 16,
  dropout: 0,
  batchNorm: true,
} as const

let data: VideoDataset
beforeAll(async () => {
  data = await VideoDataset.open(manifest)
})
afterAll(() => data.close())

const create = () =>
  C3D.create({ architecture, classes: data.classes, multiLabel: data.multiLabel, device: 'cpu', seed: 1 })

test('the classes of a few clips are learnt by heart, however many each has', async () => {
  using model = await create()
  const options = { ...recipe, epochs: 40, optimizer: { learningRate: 0.05 } }
  const epochs: EpochEvent[] = []
  for await (const epoch of train(model, data, options).epochs()) epochs.push(epoch)
  expect(epochs.at(-1)?.accuracy).toBe(1)
  const evaluation = await evaluate(model, data, { details: true })
  expect(evaluation).not.toHaveProperty('confusion')
  expect(evaluation).toMatchObject({
    videoTop1: 1,
    multiLabel: { meanAveragePrecision: 1, microF1: 1, macroF1: 1, hammingLoss: 0, subsetAccuracy: 1 },
  })
  expect(evaluation.results?.map(({ labels: own, answers, right }) => [own, answers, right])).toEqual(
    labels.map((own) => [own, data.classes.filter((name) => own.includes(name)), true]),
  )

  // The file says what kind of model it is.
  const file = path.join(folder, 'model.safetensors')
  await model.save(file)
  using loaded = await C3D.load(file)
  expect(loaded.multiLabel).toBe(true)
  const { answers, probabilities } = await loaded.predict(path.join(made.folder, 'b', '2'))
  expect(answers).toEqual(data.classes)
  expect(probabilities.reduce((a, b) => a + b)).toBeGreaterThan(1.5)
  const fused = await predict([model, loaded], path.join(made.folder, 'b', '3'))
  expect(fused.answers).toEqual([])

  using oneLabel = await C3D.create({ architecture, classes: data.classes })
  await expect(predict([oneLabel, loaded], 'x')).rejects.toThrow(
    'number 2 is multi-label and the first is not',
  )
  await expect(evaluate(oneLabel, data)).rejects.toThrow('make the model with multiLabel: true')
})

test('a validation scores what an evaluation does, and decides which model is the best', async () => {
  using model = await create()
  const out = path.join(folder, 'run')
  const scores: NonNullable<EpochEvent['validation']>[] = []
  const options = { ...recipe, epochs: 4, validation: data, allowOverlap: true, out }
  for await (const { validation } of train(model, data, options).epochs())
    if (validation) scores.push(validation)
  const { loss, clipTop1, clipTop5, videoTop1, multiLabel } = await evaluate(model, data)
  const last = scores.at(-1)
  for (const [value, expected] of [
    [last?.loss, loss],
    [last?.clipTop1, clipTop1],
    [last?.clipTop5, clipTop5],
    [last?.videoTop1, videoTop1],
    [last?.multiLabel?.meanAveragePrecision, multiLabel?.meanAveragePrecision],
    [last?.multiLabel?.microF1, multiLabel?.microF1],
    [last?.multiLabel?.macroF1, multiLabel?.macroF1],
    [last?.multiLabel?.hammingLoss, multiLabel?.hammingLoss],
    [last?.multiLabel?.subsetAccuracy, multiLabel?.subsetAccuracy],
  ])
    expect(value).toBeCloseTo(expected as number, 5)

  const lines = readFileSync(path.join(out, 'metrics.jsonl'), 'utf8').trim().split('\n')
  const written = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === 'evaluation')
  expect(written.map((line) => line.multiLabel)).toEqual(scores.map((each) => each.multiLabel))

  // By mean average precision, and where it is equal by the loss.
  const score = (place: number) => scores[place]?.multiLabel?.meanAveragePrecision ?? 0
  const best = [0, 1, 2, 3].reduce((a, b) =>
    score(b) > score(a) || (score(b) === score(a) && (scores[b]?.loss ?? 0) < (scores[a]?.loss ?? 0)) ? b : a,
  )
  using kept = await C3D.load(path.join(out, 'best.safetensors'))
  expect((await evaluate(kept, data)).multiLabel?.meanAveragePrecision).toBeCloseTo(score(best), 5)
})

test('early stopping goes by mean average precision', async () => {
  using model = await create()
  const hopeless = { ...recipe, epochs: 50, optimizer: { learningRate: 1e-12 } }
  const earlyStopping = { patience: 2, metric: 'mAP' } as const
  const options = { ...hopeless, earlyStopping, validation: data, allowOverlap: true }
  expect((await train(model, data, options).done).reason).toBe('early-stopping')
})

test('the command line finds out by itself, and prints what such models are measured by', async () => {
  const c3d = async (...args: string[]) => {
    const streams = { stdout: new PassThrough(), stderr: new PassThrough() }
    const status = await runCommandLine(args, streams)
    return { status, stdout: String(streams.stdout.read()), stderr: String(streams.stderr.read()) }
  }
  const config = path.join(folder, 'settings.json')
  writeFileSync(config, JSON.stringify({ model: { architecture }, training: { ...recipe, epochs: 1 } }))
  const out = path.join(folder, 'cli')
  const parts = ['--validation', manifest, '--allow-overlap']
  const trained = await c3d('train', manifest, '--config', config, '--mixup', '0.2', '--out', out, ...parts)
  expect(trained).toMatchObject({ status: 0, stderr: expect.stringMatching(/validation mAP \d+\.\d%/) })
  const model = path.join(out, 'model.safetensors')
  const evaluated = await c3d('evaluate', model, manifest, '--threshold', '0.3')
  expect(evaluated.status).toBe(0)
  expect(evaluated.stdout).toMatch(/mAP\s+hit@1\s+hit@5/)
  expect(evaluated.stdout).toContain('at a probability of 0.3')
  expect(evaluated.stdout).not.toContain('mistaken')
  const low = await c3d('predict', model, path.join(made.folder, 'a', '1'), '--threshold', '0.0001')
  expect(low.stdout).toMatch(/a\/1: \w+ [\d.]+%, \w+ [\d.]+%, \w+ [\d.]+%\n/)
  const high = await c3d('predict', model, path.join(made.folder, 'a', '1'), '--threshold', '0.9999')
  expect(high.stdout).toMatch(/a\/1: none \(\w+ /)
  expect(await c3d('evaluate', model, manifest, '--confusion', 'matrix.png')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('A multi-label model has no confusion matrix'),
  })
  const refused = await c3d(
    ...[
      'train',
      manifest,
      '--config',
      config,
      '--no-multi-label',
      '--out',
      path.join(folder, 'no'),
      ...parts,
    ],
  )
  expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('--multi-label') })
})
