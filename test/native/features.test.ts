import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import {
  C3D,
  type C3DError,
  extract,
  extractionSpeed,
  loadFeatures,
  readC3dFile,
  VideoDataset,
  type VideoFeatures,
} from '../../lib'
import { runCommandLine } from '../../lib/cli/program'
import { makeFrameFolders, randomNumbers } from '../support/frame-folders'
import { temporaryFolder } from '../support/temporary'

const folder = temporaryFolder()
const size = { frames: 4, height: 6, width: 8 }
const videoFrames = 9
const [mean, scale] = [100, 0.01]
const made = makeFrameFolders(path.join(folder, 'data'), {
  classes: 2,
  videos: 4,
  ...size,
  frames: videoFrames,
})
const videoOf = (label: string, number: number) => path.join(made.folder, label, String(number))

let model: C3D
beforeAll(async () => {
  model = await C3D.create({
    architecture: {
      input: size,
      layers: [
        { type: 'conv', name: 'conv', filters: 3, kernel: [3, 3, 3] },
        { type: 'pool', name: 'pool', kernel: [2, 2, 2] },
        { type: 'linear', name: 'fc6', units: 5 },
      ],
      classifier: 'fc8',
    },
    classes: ['a', 'b'],
    preprocessing: { resize: { width: size.width, height: size.height }, mean: [mean, mean, mean], scale },
    device: 'cpu',
    seed: 3,
  })
  const random = randomNumbers(7)
  for (const { name, shape } of model.tensors()) {
    const count = shape.reduce((product, length) => product * length, 1)
    model.writeTensor(
      name,
      Float32Array.from({ length: count }, () => random() - 0.5),
    )
  }
})
afterAll(() => model.close())

/** Activations of the network above for one clip, by the definitions of its layers: row-major. */
function activations(pixels: Uint8Array, start: number): Record<string, number[]> {
  const { frames: T, height: H, width: W } = size
  const input = (c: number, t: number, y: number, x: number) =>
    t < 0 || t >= T || y < 0 || y >= H || x < 0 || x >= W
      ? 0
      : ((pixels[(((start + t) * H + y) * W + x) * 3 + c] ?? 0) - mean) * scale
  const [weight, bias] = [model.readTensor('conv.weight'), model.readTensor('conv.bias')]
  const conv: number[] = []
  for (let f = 0; f < 3; f++)
    for (let t = 0; t < T; t++)
      for (let y = 0; y < H; y++)
        for (let x = 0; x < W; x++) {
          let sum = bias[f] ?? 0
          for (let c = 0; c < 3; c++)
            for (let k = 0; k < 27; k++) {
              const [dt, dy, dx] = [Math.floor(k / 9) - 1, (Math.floor(k / 3) % 3) - 1, (k % 3) - 1]
              sum += (weight[(f * 3 + c) * 27 + k] ?? 0) * input(c, t + dt, y + dy, x + dx)
            }
          conv.push(Math.max(0, sum))
        }
  const pool: number[] = []
  for (let f = 0; f < 3; f++)
    for (let t = 0; t < T; t += 2)
      for (let y = 0; y < H; y += 2)
        for (let x = 0; x < W; x += 2) {
          const window = [0, 1, 2, 3, 4, 5, 6, 7].map(
            (k) => conv[((f * T + t + (k >> 2)) * H + y + ((k >> 1) & 1)) * W + x + (k & 1)] ?? 0,
          )
          pool.push(Math.max(...window))
        }
  const linear = (name: string, from: number[]) => {
    const [w, b] = [model.readTensor(`${name}.weight`), model.readTensor(`${name}.bias`)]
    return Array.from(b, (base, unit) =>
      from.reduce((sum, value, i) => sum + (w[unit * from.length + i] ?? 0) * value, base),
    )
  }
  const fc6 = linear('fc6', pool).map((value) => Math.max(0, value))
  const fc8 = linear('fc8', fc6)
  const exponentials = fc8.map(Math.exp)
  const prob = exponentials.map(
    (value) => value / ((exponentials[0] as number) + (exponentials[1] as number)),
  )
  return { conv, pool, fc6, fc8, prob }
}

function expectClose(got: ArrayLike<number>, expected: readonly number[]): void {
  expect(got).toHaveLength(expected.length)
  const worst = Math.max(...expected.map((value, i) => Math.abs((got[i] ?? Number.NaN) - value)))
  expect(worst).toBeLessThan(2e-5)
}

const unit = (values: readonly number[]) => values.map((value) => value / Math.hypot(...values))
const average = (vectors: readonly number[][]) =>
  (vectors[0] ?? []).map(
    (_, i) => vectors.reduce((sum, vector) => sum + (vector[i] ?? 0), 0) / vectors.length,
  )

describe('a layer', () => {
  test.each([
    ['conv', [3, 4, 6, 8]],
    ['pool', [3, 2, 3, 4]],
    ['fc6', [5]],
    ['fc8', [2]],
    ['prob', [2]],
  ] as const)('%s gives what its definition says', async (layer, shape) => {
    const features = await model.extract(videoOf('a', 0), { layer, stride: 5, normalize: 'none' })
    expect(features.shape).toEqual(shape)
    expect(features.clips.map(({ start, end }) => [start, end])).toEqual([
      [0, 4],
      [5, 9],
    ])
    for (const { start, values } of features.clips)
      expectClose(values, activations(made.pixels[0] as Uint8Array, start)[layer] as number[])
  })

  test.each(['average', 'max'] as const)('is pooled over time and space: %s', async (pooling) => {
    const features = await model.extract(videoOf('a', 1), { layer: 'conv', pooling, normalize: 'none' })
    const { conv } = activations(made.pixels[1] as Uint8Array, 0)
    const channels = [0, 1, 2].map((f) => (conv as number[]).slice(f * 192, (f + 1) * 192))
    expect(features.shape).toEqual([3])
    expectClose(
      features.clips[0]?.values ?? [],
      channels.map((values) =>
        pooling === 'max' ? Math.max(...values) : values.reduce((a, b) => a + b) / values.length,
      ),
    )
  })

  test('behind the wanted one is not asked: what it would do to the numbers does not show', async () => {
    const before = model.readTensor('fc6.weight')
    const pool = await model.extract(videoOf('a', 0), { layer: 'pool' })
    model.writeTensor('fc6.weight', new Float32Array(before.length).fill(Number.NaN))
    expect((await model.extract(videoOf('a', 0), { layer: 'pool' })).descriptor).toEqual(pool.descriptor)
    await expect(model.extract(videoOf('a', 0), { layer: 'prob' })).rejects.toMatchObject({
      code: 'C3D_NON_FINITE_LOSS',
    } satisfies Partial<C3DError>)
    model.writeTensor('fc6.weight', before)
  })

  test('that there is not is an error that names those that there are', async () => {
    await expect(model.extract(videoOf('a', 0), { layer: 'fc7' })).rejects.toThrow(
      "(conv, pool, fc6, fc8, prob), got 'fc7'",
    )
  })
})

test('the descriptor is the mean of overlapping clips, L2-normalised', async () => {
  const pixels = made.pixels[2] as Uint8Array
  const { descriptor, clips } = await model.extract(videoOf('a', 2), { stride: 2 })
  const fc6 = [0, 2, 4].map((start) => activations(pixels, start).fc6 as number[])
  expect(clips.map(({ start }) => start)).toEqual([0, 2, 4])
  expectClose(descriptor, unit(average(fc6)))
  expectClose(clips[1]?.values ?? [], unit(fc6[1] as number[]))
  // By default clips are 8 frames apart.
  expect((await model.extract(videoOf('a', 2))).clips).toHaveLength(1)
})

describe('of a data set', () => {
  const open = () => VideoDataset.open(made.folder, { cache: false })
  const each = async (options: object): Promise<VideoFeatures[]> => {
    const all: VideoFeatures[] = []
    for (const label of ['a', 'b'])
      for (let i = 0; i < 4; i++) all.push(await model.extract(videoOf(label, i), options))
    return all
  }

  test('there is a row for each video, or for each clip', async () => {
    using data = await open()
    const videos = await each({ stride: 2 })
    const features = await extract(model, data, { stride: 2, batchSize: 5 })
    expect(features.rows.map(({ label, path: file }) => [label, file])).toEqual(
      data.videos.map(({ label, path: file }) => [label, file]),
    )
    videos.forEach(({ descriptor }, i) => {
      expectClose(features.row(i), Array.from(descriptor))
    })
    const clips = await extract(model, data, { stride: 2, per: 'clip' })
    expect(clips.rows).toHaveLength(8 * 3)
    expect(clips.rows[4]).toMatchObject({ label: 'a', start: 2, end: 6, group: 1 })
    expectClose(clips.row(4), Array.from(videos[1]?.clips[1]?.values ?? []))
  })

  // So many clips that a stop comes before the end, however fast they are.
  const manyVideos = 100 // of a class
  const manyClips = 2 * manyVideos * (videoFrames - size.frames + 1)
  const openMany = () => {
    const many = path.join(folder, 'many')
    if (!existsSync(many))
      makeFrameFolders(many, { classes: 2, videos: manyVideos, ...size, frames: videoFrames })
    return VideoDataset.open(many, { cache: false })
  }

  test('what was done before a stop is not done again, and half a record is', async () => {
    using data = await openMany()
    const out = path.join(folder, 'resumed.npz')
    const settings = { stride: 1, batchSize: 3, out, loader: { threads: 1, prefetch: 1 } }
    const stop = new AbortController()
    const onProgress = ({ done }: { done: number }) => {
      if (done >= 60) stop.abort()
    }
    await expect(
      extract(model, data, { ...settings, signal: stop.signal, onProgress }),
    ).rejects.toMatchObject({ code: 'C3D_ABORTED' })
    expect(existsSync(out)).toBe(false)
    const partial = readFileSync(`${out}.partial`)
    writeFileSync(`${out}.partial`, partial.subarray(0, -3)) // as a kill in the middle of a write leaves it

    let total = 0
    const resumed = await extract(model, data, { ...settings, onProgress: (now) => (total = now.total) })
    const fresh = await extract(model, data, { stride: 1 })
    expect(total).toBeGreaterThan(0)
    expect(total).toBeLessThan(manyClips)
    expect(resumed.rows).toEqual(fresh.rows)
    expectClose(resumed.data, Array.from(fresh.data))
    expect((await loadFeatures(out)).data).toEqual(resumed.data)
    expect(existsSync(`${out}.partial`)).toBe(false)
  })

  test('a partial file of other weights is not gone on with', async () => {
    using data = await openMany()
    const out = path.join(folder, 'other.npy')
    const stop = new AbortController()
    const control = { signal: stop.signal, onProgress: () => stop.abort() }
    await expect(extract(model, data, { stride: 1, out, batchSize: 1, ...control })).rejects.toThrow()
    const bias = model.readTensor('fc6.bias')
    model.writeTensor(
      'fc6.bias',
      bias.map((value) => value + 1),
    )
    let total = 0
    const features = await extract(model, data, { stride: 1, out, onProgress: (now) => (total = now.total) })
    expect(total).toBe(manyClips)
    expect(features.data).toEqual((await extract(model, data, { stride: 1 })).data)
    model.writeTensor('fc6.bias', bias)
  })

  test("there is a file for each clip as C3D's Caffe code writes them", async () => {
    using data = await open()
    const clipFiles = path.join(folder, 'clips')
    await extract(model, data, { layer: 'conv', stride: 5, clipFiles })
    expect(readdirSync(path.join(clipFiles, 'b', '3')).sort()).toEqual(['000000.conv', '000005.conv'])
    const { data: values, shape } = await readC3dFile(path.join(clipFiles, 'b', '3', '000005.conv'))
    expect(shape).toEqual([3, 4, 6, 8])
    expectClose(values, activations(made.pixels[7] as Uint8Array, 5).conv as number[])
  })

  test('speed counts the frames of the videos', async () => {
    using data = await open()
    const { frames, clips, withDecoding, fromMemory } = await extractionSpeed(model, data, { stride: 2 })
    expect([frames, clips]).toEqual([8 * videoFrames, 8 * 3])
    for (const { seconds, framesPerSecond, clipsPerSecond } of [withDecoding, fromMemory]) {
      expect(seconds).toBeGreaterThan(0)
      expect(framesPerSecond / clipsPerSecond).toBeCloseTo(videoFrames / 3, 6)
    }
  })
})

describe('window by window', () => {
  test('a video is classified, smoothed or not', async () => {
    const windowsOf = async (smoothing: number) => {
      const windows = []
      for await (const window of model.classify(videoOf('b', 0), { stride: 1, smoothing, batchSize: 2 }))
        windows.push(window)
      return windows
    }
    const plain = await windowsOf(1)
    expect(plain.map(({ start, end }) => [start, end])).toEqual([0, 1, 2, 3, 4, 5].map((s) => [s, s + 4]))
    for (const { start, probabilities, top } of plain) {
      const { prob = [] } = activations(made.pixels[4] as Uint8Array, start)
      expectClose(probabilities, prob)
      expect(top[0]?.label).toBe((prob[0] ?? 0) >= (prob[1] ?? 0) ? 'a' : 'b')
    }
    const smooth = await windowsOf(5)
    expect(smooth.map(({ start }) => start)).toEqual([0, 1, 2, 3, 4, 5])
    for (const { start, probabilities } of smooth) {
      const near = plain.filter((window) => Math.abs(window.start - start) <= 2)
      expectClose(probabilities, average(near.map((window) => window.probabilities)))
    }
    await expect(windowsOf(2)).rejects.toThrow('expected an odd number')
  })

  test('its features come as they are computed, and leaving the loop ends the work', async () => {
    const { clips } = await model.extract(videoOf('b', 1), { stride: 1 })
    let place = 0
    for await (const { start, values } of model.extractClips(videoOf('b', 1), { stride: 1, batchSize: 1 })) {
      expect(start).toBe(clips[place]?.start)
      expectClose(values, Array.from(clips[place]?.values ?? []))
      if (++place === 2) break
    }
    expect(place).toBe(2)
    await expect(model.extractClips(path.join(folder, 'nothing')).next()).rejects.toMatchObject({
      code: 'C3D_FILE_NOT_FOUND',
    })
    const stop = new AbortController()
    stop.abort()
    await expect(model.classify(videoOf('b', 1), { signal: stop.signal }).next()).rejects.toMatchObject({
      code: 'C3D_ABORTED',
    })
  })
})

describe('on the command line', () => {
  async function c3d(...args: string[]) {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const status = await runCommandLine([...args, '--json'], { stdout, stderr })
    const lines = String(stdout.read() ?? '')
      .trim()
      .split('\n')
    return {
      status,
      events: lines.filter((line) => line).map((line) => JSON.parse(line)),
      stderr: String(stderr.read()),
    }
  }
  const file = (name: string) => path.join(folder, name)
  const last = <T>(list: T[]) => list.at(-1) as T

  test('features are extracted, and a machine is trained, asked and measured', async () => {
    await model.save(file('model.safetensors'))
    const extracted = await c3d('extract', file('model.safetensors'), made.folder, '--out', file('fc6.npz'))
    expect(last(extracted.events)).toMatchObject({ type: 'features', layer: 'fc6', rows: 8, dimensions: 5 })
    const pooled = ['--layer', 'pool', '--pooling', 'max', '--out', file('pool.safetensors')]
    await c3d('extract', file('model.safetensors'), made.folder, ...pooled)
    const both = [file('fc6.npz'), '--with', file('pool.safetensors')]

    const trained = await c3d(
      'svm',
      'train',
      ...both,
      '--cost',
      '100,10',
      '--cost-folds',
      '2',
      '--out',
      file('svm'),
    )
    const { cost, selection, fit } = last(trained.events)
    expect(selection.map((score: { cost: number }) => score.cost)).toEqual([10, 100])
    expect([10, 100]).toContain(cost)
    expect(fit).toHaveLength(2)
    const predicted = await c3d('svm', 'predict', file('svm'), ...both, '--out', file('answers.csv'))
    expect(last(predicted.events)).toMatchObject({ type: 'accuracy', labelled: 8 })
    expect(readFileSync(file('answers.csv'), 'utf8').split('\n')[0]).toBe('path,start,end,label,answer,a,b')
    // The machine is for eight values, not for five.
    expect((await c3d('svm', 'predict', file('svm'), file('fc6.npz'))).status).toBe(2)

    const chart = file('dimensions.svg')
    const validated = await c3d(
      ...['svm', 'cross-validate', file('fc6.npz'), '--folds', 'leave-one-out', '--cost', '1'],
      ...['--dimensions', '1,2', '--chart', chart],
    )
    const { parts, reduced } = last(validated.events)
    expect(parts).toHaveLength(8)
    expect(reduced.map((one: { dimensions: number }) => one.dimensions)).toEqual([1, 2])
    expect(readFileSync(chart, 'utf8').match(/<circle [^>]*><title>/g)).toHaveLength(2)
  })

  test('a video without a class has features too', async () => {
    await model.save(file('model.safetensors'))
    const out = file('one.jsonl')
    const { status } = await c3d(
      'extract',
      file('model.safetensors'),
      videoOf('a', 0),
      '--per',
      'clip',
      '--out',
      out,
    )
    expect(status).toBe(0)
    const features = await loadFeatures(out)
    expect(features.rows).toMatchObject([{ path: videoOf('a', 0), label: '', start: 0, end: 4 }])
    expect(features.classes).toEqual([])
  })

  test('windows are written with their times', async () => {
    await model.save(file('model.safetensors'))
    const options = ['--stride', '2', '--smoothing', '3']
    const told = await c3d('classify', file('model.safetensors'), videoOf('a', 0), ...options)
    expect(told.events.map(({ type, start, end }) => [type, start, end])).toEqual([
      ['window', 0, 4],
      ['window', 2, 6],
      ['window', 4, 8],
    ])
    await c3d('classify', file('model.safetensors'), videoOf('a', 0), ...options, '--out', file('w.csv'))
    const lines = readFileSync(file('w.csv'), 'utf8').trim().split('\n')
    expect(lines[0]).toBe('start,end,startSeconds,endSeconds,answer,a,b')
    expect(lines[2]?.split(',').slice(0, 2)).toEqual(['2', '6'])
    expect(Number(lines[2]?.split(',')[5])).toBeCloseTo(told.events[1].probabilities[0], 12)
  })

  test('a wrong ending, layer or missing output is wrong usage', async () => {
    await model.save(file('model.safetensors'))
    const wrong = [['--out', 'x.mat'], ['--out', file('x.npy'), '--layer', 'fc9'], []]
    for (const options of wrong)
      expect((await c3d('extract', file('model.safetensors'), made.folder, ...options)).status).toBe(2)
  })
})
