import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { PNG } from 'pngjs'
import {
  C3D,
  type Deconvolution,
  frames,
  saveDeconvolutions,
  saveFilters,
  saveGradCam,
  topActivations,
  VideoDataset,
} from '../../lib'
import { runCommandLine } from '../../lib/cli/program'
import { makeFrameFolders } from '../support/frame-folders'
import { temporaryFolder } from '../support/temporary'
import { describeWithVideos } from '../support/videos'

const folder = temporaryFolder()
const { folder: videos } = makeFrameFolders(path.join(folder, 'data'), {
  classes: 2,
  videos: 2,
  frames: 14,
  width: 28,
  height: 21,
})
const video = path.join(videos, 'a', '0')
const weights = path.join(folder, 'model.safetensors')

let model: C3D
beforeAll(async () => {
  model = await C3D.create({
    architecture: {
      input: { frames: 8, height: 16, width: 20 },
      layers: [
        { type: 'conv', name: 'conv1', filters: 5 },
        { type: 'pool', name: 'pool1', kernel: [1, 2, 2] },
        { type: 'conv', name: 'conv2', filters: 6 },
        { type: 'pool', name: 'pool2', kernel: [8, 8, 10] },
        { type: 'linear', name: 'hidden', units: 4 },
      ],
    },
    classes: ['a', 'b', 'c'],
    initializer: 'kaiming',
    preprocessing: { resize: { width: 28, height: 21 }, channelOrder: 'bgr' },
    device: 'cpu',
    seed: 2,
  })
  await model.save(weights)
})
afterAll(() => model.close())

const largest = (values: Float32Array) => values.reduce((a, b) => Math.max(a, b), -Infinity)

describe('gradCam', () => {
  test('looks at the clip in the middle, the last convolution and the likeliest class, if nothing is said', async () => {
    const cam = await model.gradCam(video)
    expect(cam).toMatchObject({ video, layer: 'conv2', start: 3, end: 11 })
    expect(cam.map.shape).toEqual([8, 8, 10])
    expect(cam.heat.shape).toEqual([8, 16, 20])
    const windows = []
    for await (const window of model.classify(video, { stride: 1 })) windows.push(window)
    const [top] = windows.find(({ start }) => start === cam.start)?.top ?? []
    expect(cam.label).toBe(top?.label)
    expect(cam.probability).toBeCloseTo(top?.probability ?? 0, 5)
  })

  test('shows what the network saw, in RGB', async () => {
    const { clip } = await model.gradCam(video, { start: 4 })
    const { data } = await frames(video, [4, 5, 6, 7, 8, 9, 10, 11])
    const cropped = Uint8Array.from({ length: clip.data.length }, (_, i) => {
      const [channel, x, y, frame] = [
        i % 3,
        Math.floor(i / 3) % 20,
        Math.floor(i / 60) % 16,
        Math.floor(i / 960),
      ]
      return data[3 * (28 * (21 * frame + y + 2) + x + 4) + channel] ?? 0
    })
    expect(clip).toEqual({ data: cropped, shape: [8, 16, 20, 3] })
  })

  test('repeats the last frame behind the end of the video', async () => {
    const { start, end, clip } = await model.gradCam(video, { start: 12 })
    expect([start, end]).toEqual([12, 14])
    const frame = (place: number) => clip.data.subarray(place * 960, (place + 1) * 960)
    expect(frame(7)).toEqual(frame(1))
    expect(frame(1)).not.toEqual(frame(0))
  })

  test.each([
    [
      { layer: 'conv3' },
      "Expected a layer of 'custom' (conv1, pool1, conv2, pool2, hidden, fc8), got 'conv3'.",
    ],
    [
      { layer: 'hidden' },
      "Expected a convolution or a pool, whose activations have places in time and space, got 'hidden'.",
    ],
    [{ class: 'd' }, "Expected one of the model's classes (a, b, c), got 'd'."],
    [{ start: 14 }, 'Expected a clip that starts at one of the frames 0 to 13 of'],
  ])('%j', async (options, message) => {
    await expect(model.gradCam(video, options)).rejects.toMatchObject({
      code: 'C3D_INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
  })

  test('is stopped by its signal, and by a closed model', async () => {
    const signal = AbortSignal.abort()
    await expect(model.gradCam(video, { signal })).rejects.toMatchObject({ code: 'C3D_ABORTED' })
    const closed = await C3D.load(weights, { device: 'cpu' })
    closed.close()
    await expect(closed.gradCam(video)).rejects.toMatchObject({ code: 'C3D_CLOSED' })
  })

  test('leaves no gradients for a training', async () => {
    const before = await model.gradients({
      data: new Float32Array(7680).fill(0.5),
      shape: [1, 3, 8, 16, 20],
      labels: [1],
    })
    await model.gradCam(video, { layer: 'conv1' })
    const after = await model.gradients({
      data: new Float32Array(7680).fill(0.5),
      shape: [1, 3, 8, 16, 20],
      labels: [1],
    })
    expect(after).toEqual(before)
  })
})

describe('deconvolve', () => {
  test('projects the largest activation of a convolution back to its receptive field alone', async () => {
    const { clips } = await model.extract(video, { layer: 'conv1', normalize: 'none', stride: 3 })
    const values =
      clips.find(({ start }) => start === 3)?.values.subarray(2 * 2560, 3 * 2560) ?? new Float32Array()
    const one = await model.deconvolve(video, { layer: 'conv1', filter: 2, start: 3 })
    expect(one.activation).toBeCloseTo(largest(values), 4)
    const { frame, row, column } = one.place
    expect(values[320 * frame + 20 * row + column]).toBeCloseTo(one.activation, 4)
    const outside = one.projection.data.filter((_, i) => {
      const [x, y, t] = [Math.floor(i / 3) % 20, Math.floor(i / 60) % 16, Math.floor(i / 960)]
      return Math.abs(t - frame) > 1 || Math.abs(y - row) > 1 || Math.abs(x - column) > 1
    })
    expect(outside.every((value) => value === 0)).toBe(true)
    // A transposed filter puts the filter itself there, times the activation.
    const kernel = model.firstFilters().data.subarray(2 * 81, 3 * 81)
    const expected = Array.from(kernel, (weight) => weight * one.activation)
    const within = [-1, 0, 1].flatMap((t) =>
      [-1, 0, 1].flatMap((y) =>
        [-1, 0, 1].flatMap((x) =>
          [0, 1, 2].map((channel) => {
            const place = [frame + t, row + y, column + x] as const
            if (place.some((at, i) => at < 0 || at >= ([8, 16, 20][i] ?? 0))) return undefined
            return one.projection.data[3 * (20 * (16 * place[0] + place[1]) + place[2]) + channel]
          }),
        ),
      ),
    )
    within.forEach((value, i) => {
      if (value !== undefined) expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 4)
    })
  })

  test.each([
    [{ layer: 'conv2', filter: 6 }, "Expected a filter from 0 to 5 of 'conv2', got 6."],
    [{ layer: 'fc9', filter: 0 }, "got 'fc9'"],
  ])('%j', async (options, message) => {
    await expect(model.deconvolve(video, options)).rejects.toMatchObject({
      code: 'C3D_INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
  })
})

test('topActivations finds the strongest clip of each video, as extract computes them', async () => {
  using data = await VideoDataset.inspect(videos, { cache: false })
  const found = await topActivations(model, data, { layer: 'conv2', stride: 3, count: 3 })
  expect(found.map(({ filter }) => filter)).toEqual([0, 1, 2, 3, 4, 5])
  const expected = []
  for (const { path: file, label } of data.videos) {
    const { clips } = await model.extract(file, {
      layer: 'conv2',
      pooling: 'max',
      normalize: 'none',
      stride: 3,
    })
    const best = clips.reduce((a, b) => ((b.values[4] ?? 0) > (a.values[4] ?? 0) ? b : a))
    expected.push({ path: file, label, start: best.start, end: best.end, activation: best.values[4] ?? 0 })
  }
  expected.sort((a, b) => b.activation - a.activation)
  expect(found[4]?.clips).toEqual(expected.slice(0, 3))
  for (const { clips } of found) {
    const [strongest] = clips
    const { activation } = await model.deconvolve(strongest?.path ?? '', {
      layer: 'conv2',
      filter: found.findIndex((one) => one.clips === clips),
      start: strongest?.start,
    })
    expect(activation).toBeCloseTo(strongest?.activation ?? Number.NaN, 4)
  }
})

test('firstFilters are the weights of the first convolution, as RGB frames', () => {
  const { layer, data, shape } = model.firstFilters()
  expect([layer, shape]).toEqual(['conv1', [5, 3, 3, 3, 3]])
  const weights = model.readTensor('conv1.weight') // [out, BGR, T, H, W]
  for (const [filter, t, y, x, channel] of [
    [0, 0, 0, 0, 0],
    [3, 2, 1, 0, 1],
    [4, 1, 2, 2, 2],
  ] as const)
    expect(data[3 * (3 * (3 * (3 * filter + t) + y) + x) + channel]).toBe(
      weights[3 * (3 * (3 * (3 * filter + (2 - channel)) + t) + y) + x],
    )
})

describe('pictures', () => {
  const readPng = (file: string) => PNG.sync.read(readFileSync(file))
  const pixel = (png: PNG, x: number, y: number) => [
    ...png.data.subarray(4 * (png.width * y + x)).subarray(0, 3),
  ]

  test('a Grad-CAM as .png: frames of the clip, and below them the same where nothing is found', async () => {
    const cam = await model.gradCam(video, { start: 0 })
    const file = path.join(folder, 'cam.png')
    const cold = { ...cam, heat: { ...cam.heat, data: new Float32Array(cam.heat.data.length) } }
    await saveGradCam(file, cold, { scale: 2, every: 3 })
    const png = readPng(file)
    expect([png.width, png.height]).toEqual([3 * 40 + 2 * 2, 2 * 32 + 8])
    const third = cam.clip.data.subarray(6 * 960) // of frame 6, the last of 0, 3, 6
    const [red = 0, green = 0, blue = 0] = third.subarray(3 * (20 * 5 + 7))
    const [x, y] = [2 * 42 + 2 * 7 + 1, 2 * 5 + 1]
    expect(pixel(png, x, y)).toEqual([red, green, blue])
    const grey = Math.round(0.6 * (0.299 * red + 0.587 * green + 0.114 * blue))
    expect(pixel(png, x, y + 40)).toEqual([grey, grey, grey])
  })

  test('the hottest pixel is the brightest', async () => {
    const cam = await model.gradCam(video, { start: 0 })
    const file = path.join(folder, 'hot.png')
    const data = new Float32Array(cam.heat.data.length)
    data[20 * 3 + 4] = 7
    await saveGradCam(file, { ...cam, heat: { ...cam.heat, data } }, { scale: 1 })
    const [red = 0, green = 0, blue = 0] = pixel(readPng(file), 4, 16 + 8 + 3)
    expect(red).toBeGreaterThan(200)
    expect(green).toBeGreaterThan(200)
    expect(blue).toBeLessThan(red)
  })

  test('deconvolutions as .svg, with captions that are escaped', async () => {
    const one = await model.deconvolve(video, { layer: 'conv2', filter: 1 })
    const file = path.join(folder, 'dec.svg')
    await saveDeconvolutions(file, [{ ...one, video: 'a/<b> & c.mp4' }, one], { scale: 2 })
    const svg = readFileSync(file, 'utf8')
    expect(svg.match(/<text/g)).toHaveLength(4)
    expect(svg).toContain('&lt;b&gt; &amp; c.mp4, frames 3 to 10</text>')
    expect(svg).toContain(`conv2, filter 1: ${one.activation.toPrecision(3)}</text>`)
    const [, base64 = ''] = /href="data:image\/png;base64,([^"]+)"/.exec(svg) ?? []
    const png = PNG.sync.read(Buffer.from(base64, 'base64'))
    expect(svg).toContain(`width="${png.width}" height="${png.height}"`)
    expect(png.width).toBe(8 * 20 * 2 + 7 * 2)
    const values = one.projection.data
    const peak = values.reduce(
      (best, value, i) => (Math.abs(value) > Math.abs(values[best] ?? 0) ? i : best),
      0,
    )
    const [x, y, t] = [Math.floor(peak / 3) % 20, Math.floor(peak / 60) % 16, Math.floor(peak / 960)]
    const top = 18 + 32 + 8 + 18
    const shown = png.data[4 * (png.width * (top + 2 * y) + t * 42 + 2 * x) + (peak % 3)]
    expect(shown).toBe((values[peak] ?? 0) > 0 ? 255 : 1)
  })

  test('filters as .png, each in its own contrast', async () => {
    const file = path.join(folder, 'filters.png')
    const filters = model.firstFilters()
    await saveFilters(file, filters, { scale: 4 })
    const png = readPng(file)
    expect([png.width, png.height]).toEqual([3 * 40 + 2 * 8, 2 * 12 + 8])
    for (let filter = 0; filter < 5; filter++) {
      const weights = filters.data.subarray(81 * filter, 81 * (filter + 1))
      const peak = weights.reduce(
        (best, value, i) => (Math.abs(value) > Math.abs(weights[best] ?? 0) ? i : best),
        0,
      )
      const [x, y, t] = [Math.floor(peak / 3) % 3, Math.floor(peak / 9) % 3, Math.floor(peak / 27)]
      const left = (filter % 3) * 48 + t * 14 + 4 * x
      const shown = pixel(png, left, Math.floor(filter / 3) * 20 + 4 * y)
      expect(shown[peak % 3]).toBe((weights[peak] ?? 0) > 0 ? 255 : 1)
    }
  })

  test.each([
    ['cam.jpg', 'Expected a name that ends with .png, .svg, .gif or .mp4 for pictures'],
    ['cam', 'Expected a name that ends with'],
  ])('not %s', async (name, message) => {
    const cam = await model.gradCam(video)
    await expect(saveGradCam(path.join(folder, name), cam)).rejects.toMatchObject({
      code: 'C3D_INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
  })

  test('no clips, or of different sizes, make no picture', async () => {
    const one = await model.deconvolve(video, { layer: 'conv1', filter: 0 })
    const small: Deconvolution = { ...one, clip: { data: new Uint8Array(96), shape: [2, 4, 4, 3] } }
    const file = path.join(folder, 'none.png')
    await expect(saveDeconvolutions(file, [])).rejects.toThrow(
      'Expected one or more clips of one size, got none.',
    )
    await expect(saveDeconvolutions(file, [one, small])).rejects.toThrow('got 8x16x20, 2x4x4.')
    expect(existsSync(file)).toBe(false)
  })

  describeWithVideos('films', () => {
    test.each(['.gif', '.mp4'])('%s: frame after frame beside the clip', async (ending) => {
      const cam = await model.gradCam(video, { start: 0 })
      const file = path.join(folder, `cam${ending}`)
      await saveGradCam(file, cam, { scale: 6, framesPerSecond: 10 })
      const { data, shape } = await frames(file, [0, 1, 2, 3, 4, 5, 6, 7])
      expect(shape).toEqual([8, 96, 242, 3])
      using film = await VideoDataset.inspect(file, { cache: false })
      expect(film.videos[0]?.framesPerSecond).toBeCloseTo(10)
      expect(film.videos[0]?.frames).toBe(8)
      // The left half shows the clip: as near as 256 colours or lossy coding get.
      let difference = 0
      for (let frame = 0; frame < 8; frame++)
        for (let y = 0; y < 16; y++)
          for (let x = 0; x < 20; x++) {
            const shown = data[3 * (242 * (96 * frame + 6 * y + 3) + 6 * x + 3) + 1] ?? 0
            difference += Math.abs(shown - (cam.clip.data[3 * (20 * (16 * frame + y) + x) + 1] ?? 0))
          }
      expect(difference / (8 * 16 * 20)).toBeLessThan(16)
    })
  })
})

describe('c3d explain', () => {
  async function c3d(...args: string[]) {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const status = await runCommandLine(['explain', ...args], { stdout, stderr })
    return { status, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') }
  }
  const events = (text: string) =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  const cpu = ['--device', 'cpu']

  test('grad-cam', async () => {
    const [png, svg] = [path.join(folder, 'g.png'), path.join(folder, 'g.svg')]
    const options = [
      '--class',
      'b',
      '--layer',
      'pool1',
      '--start',
      '2',
      '--every',
      '8',
      '--out',
      png,
      '--out',
      svg,
    ]
    const { status, stdout } = await c3d('grad-cam', weights, video, ...options, ...cpu, '--json')
    expect(status).toBe(0)
    const [event] = events(stdout)
    expect(event).toMatchObject({
      type: 'grad-cam',
      label: 'b',
      layer: 'pool1',
      start: 2,
      end: 10,
      files: [png, svg],
    })
    expect(event.map).toEqual({ shape: [8, 8, 10], data: expect.any(Array) })
    expect(event.clip).toBeUndefined()
    expect(readFileSync(svg, 'utf8')).toContain('0, frames 2 to 9</text>')
    // One of 8 frames, 16 high: enlarged 7 times, to 112.
    const { width, height } = PNG.sync.read(readFileSync(png))
    expect([width, height]).toEqual([7 * 20, 2 * 112 + 8])
  })

  test('deconvolution, of the strongest clips of a folder', async () => {
    const out = path.join(folder, 'd.png')
    const wanted = '--layer conv2 --filters 4,1 --count 2 --stride 3 --rule guided --scale 2 --json'.split(
      ' ',
    )
    const { status, stdout } = await c3d('deconvolution', weights, videos, ...wanted, '--out', out, ...cpu)
    expect(status).toBe(0)
    const found = events(stdout).filter(({ type }) => type === 'deconvolution')
    expect(found.map(({ filter, rule }) => [filter, rule])).toEqual(
      [4, 4, 1, 1].map((filter) => [filter, 'guided']),
    )
    expect(found[0].activation).toBeGreaterThanOrEqual(found[1].activation)
    expect(found[0].video).not.toBe(found[1].video)
    const { height } = PNG.sync.read(readFileSync(out))
    expect(height).toBe(8 * 32 + 7 * 8)
  })

  test('deconvolution, of the strongest filters for a single video', async () => {
    const out = path.join(folder, 'e.png')
    const options = ['--layer', 'conv2', '--scale', '1', '--out', out]
    const { status, stdout } = await c3d('deconvolution', weights, video, ...options, ...cpu)
    expect(status).toBe(0)
    const activations = [...stdout.matchAll(/^\d+ +([\d.]+) /gm)].map(([, activation]) => Number(activation))
    expect(activations).toHaveLength(4)
    expect(activations).toEqual([...activations].sort((a, b) => b - a))
  })

  test('filters', async () => {
    const out = path.join(folder, 'f.png')
    const { status, stdout } = await c3d('filters', weights, '--out', out)
    expect([status, stdout]).toEqual([0, `conv1: 5 filters of 3x3x3: ${out}\n`])
  })

  test.each([
    [
      ['grad-cam', weights, video, '--out', 'x.jpg'],
      'Expected a name that ends with .png, .svg, .gif or .mp4',
    ],
    [
      ['deconvolution', weights, video, '--layer', 'conv2', '--filters', '6', '--out', 'x.png'],
      'expected filters of conv2 from 0 to 5, got 6',
    ],
    [['filters', weights], "required option '--out <file>' not specified"],
  ])('%j', async (args, message) => {
    const { status, stderr } = await c3d(...args)
    expect(stderr).toContain(message)
    expect(status).toBe(2)
  })
})
