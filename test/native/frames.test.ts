import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { C3DError, type Frames, frames } from '../../lib'
import { numberedPicture, numberedPictures, numberOf } from '../support/numbered-pictures'
import { encodePng } from '../support/png'
import { temporaryFolder } from '../support/temporary'
import { describeWithVideos, writeVideo } from '../support/videos'

const SIZE = { width: 64, height: 48 }

function pictures({ data, shape: [count, height, width] }: Frames): Uint8Array[] {
  const bytes = height * width * 3
  return Array.from({ length: count }, (_, i) => data.subarray(i * bytes, (i + 1) * bytes))
}

const numbers = (read: Frames) => pictures(read).map((picture) => numberOf(picture, read.shape[2]))

describe('frames of a frame folder', () => {
  const folder = temporaryFolder()
  const video = path.join(folder, 'video')
  beforeAll(() => {
    mkdirSync(video)
    for (let i = 0; i < 12; i++)
      writeFileSync(path.join(video, `frame${i}.png`), encodePng(numberedPicture(i, SIZE), 64, 48))
  })

  test('in the order asked for, with repeats, to the last bit', async () => {
    const places = [11, 2, 2, 0, 10, 2]
    const read = await frames(video, places)
    expect(read.shape).toEqual([6, 48, 64, 3])
    expect(pictures(read)).toEqual(places.map((place) => numberedPicture(place, SIZE)))
  })

  test('none', async () => {
    expect(await frames(video, [])).toEqual({ data: new Uint8Array(), shape: [0, 48, 64, 3] })
  })

  test('at another size', async () => {
    const { data, shape } = await frames(video, [3], { width: 32 })
    expect(shape).toEqual([1, 48, 32, 3])
    expect(data).toHaveLength(48 * 32 * 3)
  })

  test('a place that is not there', async () => {
    await expect(frames(video, [0, 12])).rejects.toMatchObject({
      code: 'C3D_INVALID_ARGUMENT',
      message: `There is no frame 12 in "${video}", which has 12 (0 to 11).`,
    })
  })

  test.each([
    ['places that are no list', 3, {}, 'at places: expected a list of places'],
    ['a fraction', [0.5], {}, 'at places[0]: expected a whole number'],
    ['a negative place', [-1], {}, 'at places[0]: expected a whole number of at least 0, got -1'],
    ['no width', [0], { width: 0 }, 'at frames.width: expected a whole number of at least 1'],
    ['an immense height', [0], { height: 1e6 }, 'at frames.height: '],
    [
      'an unknown order',
      [0],
      { channelOrder: 'grb' },
      "at frames.channelOrder: expected one of 'rgb', 'bgr'",
    ],
    ['a misspelt setting', [0], { channelorder: 'bgr' }, "did you mean 'channelOrder'"],
  ])('%s', async (_, places, options, message) => {
    await expect(frames(video, places as number[], options as object)).rejects.toMatchObject({
      code: 'C3D_INVALID_CONFIG',
      message: expect.stringContaining(message),
    })
  })

  test('more than there is memory for', async () => {
    await expect(frames(video, Array(30_000).fill(0), { width: 16384, height: 4096 })).rejects.toMatchObject({
      code: 'C3D_OUT_OF_MEMORY',
      message: expect.stringContaining(video),
    })
  })

  test('nothing there', async () => {
    const missing = path.join(folder, 'missing.mp4')
    await expect(frames(missing, [0])).rejects.toMatchObject({
      code: 'C3D_FILE_NOT_FOUND',
      message: expect.stringContaining(missing),
    })
  })
})

describeWithVideos('frames of a video', () => {
  const folder = temporaryFolder()
  const video = path.join(folder, 'video.mp4')
  beforeAll(() => writeVideo(video, SIZE, numberedPictures(40, SIZE)))

  test('in the order asked for, with repeats', async () => {
    const places = [39, 0, 17, 17, 5]
    const read = await frames(video, places)
    expect(read.shape).toEqual([5, 48, 64, 3])
    expect(numbers(read)).toEqual(places)
  })

  test('a place that is not there', async () => {
    await expect(frames(video, [1, 40])).rejects.toMatchObject({
      code: 'C3D_INVALID_ARGUMENT',
      message: `There is no frame 40 in "${video}", which has 40 (0 to 39).`,
    })
  })

  test('an abort ends it', async () => {
    const controller = new AbortController()
    const reading = frames(video, Array(200).fill(39), { signal: controller.signal })
    controller.abort(new Error('enough'))
    const error = await reading.catch((reason) => reason)
    expect(error).toBeInstanceOf(C3DError)
    expect(error).toMatchObject({
      code: 'C3D_ABORTED',
      cause: expect.objectContaining({ message: 'enough' }),
    })
  })

  test('several at once', async () => {
    const places = Array.from({ length: 8 }, (_, i) => [i, 39 - i])
    const read = await Promise.all(places.map((pair) => frames(video, pair)))
    expect(read.map(numbers)).toEqual(places)
  })
})
