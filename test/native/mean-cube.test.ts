import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { C3D, ClipLoader, train, VideoDataset } from '../../lib'
import { evaluationSampling } from '../../lib/config/sampling'
import { formatNpy } from '../../lib/files/npy'
import { unlabelledItems } from '../../lib/labels'
import { modelState } from '../../lib/model'
import { addon } from '../../lib/native/addon'
import type { NativeSampling } from '../../lib/native/binding'
import { randomNumbers } from '../support/frame-folders'
import { makeMarkedVideos } from '../support/marked-videos'
import { pixelModel } from '../support/pixel-model'
import { temporaryFolder } from '../support/temporary'

const folder = temporaryFolder()
const FRAMES = 2
const SIDE = 4
const resize = { width: 7, height: 6 }
const input = { frames: FRAMES, width: SIDE, height: SIDE }
const scale = 0.5
const shape = [3, FRAMES, resize.height, resize.width]

const random = randomNumbers(3)
const cube = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random() * 255)

function writeCube(name: string, array: { data: Float32Array; shape: number[] }): string {
  const file = path.join(folder, name)
  writeFileSync(file, formatNpy(array))
  return file
}

const file = writeCube('mean.npy', { data: cube, shape })
const source = makeMarkedVideos(
  path.join(folder, 'videos'),
  { 'value 0/video': 6, 'value 1/video': 6 },
  resize,
)
const video = path.join(source, 'value 0', 'video')

const modelOf = (mean: string) => pixelModel(input, { resize, mean, scale })

/** Network input of a window of the marked video, computed here: float32 as the addon has it. */
function expectedInput(start: number, x: number, y: number, flip: boolean): number[] {
  const values: number[] = []
  for (let channel = 0; channel < 3; channel++)
    for (let t = 0; t < FRAMES; t++)
      for (let row = 0; row < SIDE; row++)
        for (let column = 0; column < SIDE; column++) {
          const [left, top] = [x + (flip ? SIDE - 1 - column : column), y + row]
          const pixel = [start + t, left, top][channel] as number
          const place = ((channel * FRAMES + t) * resize.height + top) * resize.width + left
          values.push(Math.fround(Math.fround(pixel - (cube[place] as number)) * scale))
        }
  return values
}

/** What reaches the network, clip by clip. */
async function inputsOf(model: C3D, sampling: Partial<NativeSampling>) {
  const clips: { start: number; values: number[] }[] = []
  const videos = await addon().indexVideos([video], { threads: 1, cache: null, keep: null }, () => {}).done
  await addon().score(
    modelState(model).native,
    {
      items: unlabelledItems(videos),
      sampling: { ...evaluationSampling('all', 1, model.preprocessing), ...sampling },
      precision: { type: 'float32', float32Layers: [] },
      batchSize: 4,
      readout: { layer: '', pooling: 'none' },
      loader: { threads: 1, prefetch: 1, skipUnreadable: false },
      cache: { type: 'none' },
    },
    (event) => {
      if (event.type !== 'clips') return
      const size = event.outputs.length / event.starts.length
      event.starts.forEach((start, i) => {
        clips.push({ start, values: Array.from(event.outputs.subarray(i * size, (i + 1) * size)) })
      })
    },
  ).done
  videos.close()
  return clips
}

describe('a mean cube', () => {
  let model: C3D
  beforeAll(async () => {
    model = await modelOf(file)
  })
  afterAll(() => model.close())

  test('is taken off in the middle of the frame for centre crops', async () => {
    expect(await inputsOf(model, {})).toEqual(
      [0, 2, 4].map((start) => ({ start, values: expectedInput(start, 1, 1, false) })),
    )
  })

  test('is taken off at the place of the crop, mirrored with a mirrored clip', async () => {
    const clips = await inputsOf(model, {
      mode: 'random',
      clipsPerVideo: 60,
      crop: 'random',
      flipProbability: 0.5,
    })
    const places = [0, 1, 2, 3].flatMap((x) => [0, 1, 2].map((y) => ({ x, y })))
    const windows = places.flatMap((place) => [false, true].map((flip) => ({ ...place, flip })))
    const found = clips.map(({ start, values }) => {
      const fitting = windows.filter(({ x, y, flip }) =>
        expectedInput(start, x, y, flip).every((value, i) => value === values[i]),
      )
      expect(fitting).toHaveLength(1)
      return JSON.stringify(fitting[0])
    })
    expect(new Set(found).size).toBeGreaterThan(18) // of 24
  })

  test('travels with the weights, bit for bit', async () => {
    expect(model.preprocessing.mean).toBe('cube')
    expect(model.readTensor('mean_cube')).toEqual(cube)
    const saved = path.join(folder, 'model.safetensors')
    await model.save(saved)
    using loaded = await C3D.load(saved, { device: 'cpu' })
    expect(loaded.preprocessing).toEqual(model.preprocessing)
    expect(loaded.readTensor('mean_cube')).toEqual(cube)
    expect(await loaded.predict(video)).toEqual(await model.predict(video))
  })

  test('gives way to another mean on loading, and comes to weights that have none', async () => {
    const saved = path.join(folder, 'with-cube.safetensors')
    await model.save(saved)
    using plain = await C3D.load(saved, { device: 'cpu', preprocessing: { mean: [0, 0, 0] } })
    expect(plain.preprocessing.mean).toEqual([0, 0, 0])
    expect((await inputsOf(plain, {}))[0]?.values.slice(0, 4)).toEqual([0, 0, 0, 0]) // red of frame 0

    const without = path.join(folder, 'without-cube.safetensors')
    await plain.save(without)
    using again = await C3D.load(without, { device: 'cpu', preprocessing: { mean: file } })
    expect(await inputsOf(again, {})).toEqual(await inputsOf(model, {}))
  })

  test('a clip loader of the model gives pixels, and says why it gives no floats', async () => {
    using data = await VideoDataset.open(source)
    expect(() => new ClipLoader(data, { model, dtype: 'float32' })).toThrow(
      expect.objectContaining({ code: 'C3D_INVALID_CONFIG', message: expect.stringMatching(/cube.*uint8/) }),
    )
    using loader = new ClipLoader(data, { model })
    for await (const { clips } of loader) expect(clips.shape.slice(1)).toEqual([FRAMES, SIDE, SIDE, 3])
  })
})

describe('files of mean cubes', () => {
  test('a batch dimension of 1 and float64 values are fine', async () => {
    using batch = await modelOf(writeCube('batch.npy', { data: cube, shape: [1, ...shape] }))
    expect(batch.readTensor('mean_cube')).toEqual(cube)

    const float32 = formatNpy({ data: cube, shape })
    const text = float32.toString('latin1', 0, float32.length - cube.byteLength).replace('<f4', '<f8')
    const doubles = Buffer.from(Float64Array.from(cube).buffer)
    const wide = path.join(folder, 'wide.npy')
    writeFileSync(wide, Buffer.concat([Buffer.from(text, 'latin1'), doubles]))
    using fromDoubles = await modelOf(wide)
    expect(fromDoubles.readTensor('mean_cube')).toEqual(cube)
  })

  test('another shape is refused by name, with both shapes', async () => {
    for (const wrong of [
      [3, FRAMES, resize.width, resize.height],
      [3, resize.height, FRAMES, resize.width],
      [2, ...shape],
    ]) {
      const length = wrong.reduce((a, b) => a * b)
      const wrongFile = writeCube('wrong.npy', { data: new Float32Array(length), shape: wrong })
      await expect(modelOf(wrongFile)).rejects.toMatchObject({
        code: 'C3D_INVALID_ARGUMENT',
        message: expect.stringMatching(`\\[${shape.join(', ')}\\].*wrong.npy.*\\[${wrong.join(', ')}\\]`),
      })
    }
  })

  test('a damaged file, another kind of file and none are refused by name', async () => {
    const bytes = formatNpy({ data: cube, shape })
    const broken = path.join(folder, 'broken.npy')
    const contents = [
      Buffer.alloc(0),
      bytes.subarray(0, 20),
      bytes.subarray(0, bytes.length - 1),
      Buffer.concat([bytes, Buffer.alloc(4)]),
      Buffer.from(bytes.toString('latin1').replace('<f4', '<i4'), 'latin1'),
      Buffer.from('no array at all, but long enough'),
    ]
    for (const content of contents) {
      writeFileSync(broken, content)
      await expect(modelOf(broken)).rejects.toMatchObject({
        code: 'C3D_FILE',
        message: expect.stringContaining(broken),
      })
    }
    await expect(modelOf(path.join(folder, 'none.npy'))).rejects.toMatchObject({ code: 'C3D_FILE_NOT_FOUND' })
  })
})

describe('crops that are resized have no place in a cube', () => {
  test('they are refused', async () => {
    using data = await VideoDataset.open(source)
    using model = await C3D.create({
      architecture: { name: 'depth-1', input, widthMultiplier: 1 / 16 },
      classes: data.classes,
      preprocessing: { resize, mean: file },
      device: 'cpu',
    })
    const wrong = expect.objectContaining({
      code: 'C3D_INVALID_CONFIG',
      message: expect.stringMatching(/cube.*scaleJitter/),
    })
    for (const sampling of [
      { crop: 'multi-scale' as const },
      { scaleJitter: [1, 1.2] as [number, number] },
    ]) {
      // At once, before there is a run folder.
      expect(() => train(model, data, { epochs: 1, sampling })).toThrow(wrong)
      using loader = new ClipLoader(data, { model, sampling })
      await expect(loader[Symbol.asyncIterator]().next()).rejects.toEqual(wrong)
    }
  })

  test('and so are frames of different sizes', async () => {
    await expect(pixelModel(input, { resize: { shortSide: 6 }, mean: file })).rejects.toMatchObject({
      code: 'C3D_INVALID_CONFIG',
      message: expect.stringMatching(/cube.*shortSide/),
    })
  })
})
