import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { C3D, type EpochEvent, type StepEvent, type TrainOptions, train, VideoDataset } from '../../lib'
import { crc32c, type Event, eventFilesIn, readEvents } from '../support/event-files'
import { makeFrameFolders } from '../support/frame-folders'
import { temporaryFolder } from '../support/temporary'

const folder = temporaryFolder()
const { folder: videos } = makeFrameFolders(path.join(folder, 'data'), {
  classes: 2,
  videos: 6,
  frames: 10,
  width: 28,
  height: 21,
})
const settings: TrainOptions = { epochs: 3, batchSize: 3, seed: 2, schedule: { type: 'constant' } }

let data: VideoDataset
let parts: ReturnType<VideoDataset['split']>
beforeAll(async () => {
  data = await VideoDataset.open(videos, { cache: false })
  parts = data.split({ validation: 0.3, seed: 1 })
})
afterAll(() => data.close())

const createModel = (classes: readonly string[]) =>
  C3D.create({
    architecture: { name: 'depth-3', input: { frames: 8, height: 16, width: 16 }, widthMultiplier: 1 / 16 },
    classes,
    device: 'cpu',
    seed: 1,
  })

/** What a run tells of its steps and epochs, all of it: the reader is quick and the run short. */
async function eventsOf(model: C3D, options: TrainOptions) {
  const steps: StepEvent[] = []
  const epochs: EpochEvent[] = []
  for await (const event of train(model, parts.training, { ...options, validation: parts.validation })) {
    if (event.type === 'step') steps.push(event)
    if (event.type === 'epoch') epochs.push(event)
  }
  return { steps, epochs }
}

const scalarsOf = (events: Event[], tags: string) =>
  events
    .filter(({ scalars }) => Object.keys(scalars)[0]?.startsWith(tags))
    .map(({ step, scalars }) => ({ step, ...scalars }))
const single = Math.fround

const expectedStep = (event: StepEvent) => ({
  step: event.step,
  'step/loss': single(event.loss),
  'step/accuracy': single(event.accuracy),
  'step/learning_rate': single(event.learningRate),
  'step/clips_per_second': single(event.clipsPerSecond),
  'step/data_wait': single(event.dataWait),
})

const expectedEpoch = ({ epoch, validation, ...event }: EpochEvent) => ({
  step: epoch,
  'epoch/training_loss': single(event.loss),
  'epoch/training_accuracy': single(event.accuracy),
  'epoch/learning_rate': single(event.learningRate),
  'epoch/clips_per_second': single(event.clipsPerSecond),
  'epoch/data_wait': single(event.dataWait),
  'epoch/validation_loss': single(validation?.loss ?? Number.NaN),
  'epoch/clip_top1': single(validation?.clipTop1 ?? Number.NaN),
  'epoch/clip_top5': single(validation?.clipTop5 ?? Number.NaN),
  'epoch/video_top1': single(validation?.videoTop1 ?? Number.NaN),
  'epoch/video_top5': single(validation?.videoTop5 ?? Number.NaN),
})

test('the reader’s CRC is that of RFC 3720', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
})

test('every step and every epoch is in the event file of a run, as it was told', async () => {
  const out = path.join(folder, 'whole')
  using model = await createModel(data.classes)
  const { steps, epochs } = await eventsOf(model, { ...settings, out })
  const [file, ...others] = eventFilesIn(out)
  expect(others).toEqual([])
  const events = readEvents(file ?? '')
  expect(events[0]).toMatchObject({ fileVersion: 'brain.Event:2' })
  expect(events[1]).toMatchObject({ session: 1, step: 0 })
  const now = Date.now() / 1000
  for (const { wallTime } of events) expect(Math.abs(wallTime - now)).toBeLessThan(60)
  expect(steps.length).toBeGreaterThan(6)
  expect(scalarsOf(events, 'step/')).toEqual(steps.map(expectedStep))
  expect(scalarsOf(events, 'epoch/')).toEqual(epochs.map(expectedEpoch))
})

test('a run that goes on cuts off what it does anew, and what was half written', async () => {
  const out = path.join(folder, 'resumed')
  using model = await createModel(data.classes)
  const { steps } = await eventsOf(model, { ...settings, out, maxSteps: 4 })
  const [first = ''] = eventFilesIn(out)
  // As a process leaves it that got further than its checkpoint before it was killed: a step, and half a one.
  const ahead = readFileSync(eventFilesIn(path.join(folder, 'whole'))[0] ?? '')
  const record = recordOf(ahead, 5)
  appendFileSync(first, record)
  appendFileSync(first, record.subarray(0, 30))
  expect(readEvents(first, true).at(-1)?.step).toBe(5)

  using other = await C3D.load(path.join(out, 'checkpoint.safetensors'))
  const resumed = await eventsOf(other, { resume: out, maxSteps: 1000 })
  const files = eventFilesIn(out)
  expect(files).toHaveLength(2)
  expect(files[0]).toBe(first)
  // A TensorBoard that has read the cut part already is told to forget it.
  expect(readEvents(files[1] ?? '').find(({ session }) => session === 1)?.step).toBe(5)
  const all = files.flatMap((file) => readEvents(file))
  expect(scalarsOf(all, 'step/')).toEqual([...steps, ...resumed.steps].map(expectedStep))
  expect(scalarsOf(all, 'epoch/').map(({ step }) => step)).toEqual([1, 2, 3])
})

/** The record of a step, as it lies in a file. */
function recordOf(bytes: Buffer, step: number): Buffer {
  for (let place = 0; place < bytes.length; ) {
    const size = 12 + Number(bytes.readBigUInt64LE(place)) + 4
    const record = bytes.subarray(place, place + size)
    // wall_time takes 9 bytes; then comes the key of `step`, a varint.
    if (record[12 + 9] === 0x10 && record[12 + 10] === step && record.includes('step/loss')) return record
    place += size
  }
  throw new Error('there is no such step')
}

test('a new run in an old folder, and one that wants none, leave no old event file', async () => {
  const out = path.join(folder, 'resumed')
  using model = await createModel(data.classes)
  await eventsOf(model, { ...settings, out, overwrite: true, tensorboard: false, maxSteps: 1 })
  expect(eventFilesIn(out)).toEqual([])
  expect(readdirSync(out)).toContain('model.safetensors')
})

const script = path.resolve(__dirname, '../support/read-events.py')
const check = spawnSync('python3', [script, '--check'], { encoding: 'utf8' })
const reason = check.error?.message ?? check.stderr?.trim().split('\n').at(-1)
const withPython =
  check.status === 0
    ? test
    : (name: string, body: () => Promise<void>) => test.skip(`${name} (skipped: ${reason})`, body)

withPython('tensorboard, or protobuf, in Python reads the same', async () => {
  const out = path.join(folder, 'python')
  using model = await createModel(data.classes)
  const { steps, epochs } = await eventsOf(model, { ...settings, out })
  const scalars = JSON.parse(execFileSync('python3', [script, out], { encoding: 'utf8' }))
  expect(scalars['step/loss']).toEqual(steps.map(({ step, loss }) => [step, single(loss)]))
  expect(scalars['epoch/video_top1']).toEqual(
    epochs.map(({ epoch, validation }) => [epoch, single(validation?.videoTop1 ?? Number.NaN)]),
  )
})
