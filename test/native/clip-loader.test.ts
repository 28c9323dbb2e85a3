import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type C3D, type ClipBatch, ClipLoader, type ClipLoaderOptions, VideoDataset } from '../../lib'
import { makeFrameFolders } from '../support/frame-folders'
import { makeFrameFolder } from '../support/marked-videos'
import { pixelModel } from '../support/pixel-model'
import { encodePng } from '../support/png'
import { temporaryFolder } from '../support/temporary'

const folder = temporaryFolder()
const FRAMES = 4
const size = { width: 6, height: 5 }
const layout = {
  clip: { frames: FRAMES, ...size },
  preprocessing: { resize: size },
}
const CLIP = FRAMES * size.height * size.width * 3

const made = makeFrameFolders(path.join(folder, 'data'), { classes: 2, videos: 3, frames: 9, ...size })
let data: VideoDataset
beforeAll(async () => {
  data = await VideoDataset.open(made.folder)
})
afterAll(() => data.close())

async function collect<Dtype extends 'uint8' | 'float32'>(
  clips: AsyncIterable<ClipBatch<Dtype>>,
): Promise<ClipBatch<Dtype>[]> {
  const batches: ClipBatch<Dtype>[] = []
  for await (const batch of clips) batches.push(batch)
  return batches
}

/** Pixels of a clip of the data set, [frames, height, width, 3]. */
const pixelsOf = (video: number, start: number) =>
  (made.pixels[video] as Uint8Array).slice((start / FRAMES) * CLIP, (start / FRAMES + 1) * CLIP)

/** A data set of its own that may be broken. */
let copies = 0
async function openCopy(videos = 3): Promise<VideoDataset> {
  const { folder: source } = makeFrameFolders(path.join(folder, `copy-${++copies}`), {
    classes: 2,
    videos,
    frames: FRAMES,
    ...size,
  })
  return VideoDataset.open(source)
}

describe('batches', () => {
  test('uint8: pixels, labels, videos and starts in order, the last batch smaller', async () => {
    using loader = new ClipLoader(data, { ...layout, batchSize: 5 })
    const batches = await collect(loader)
    expect(batches.map(({ clips }) => clips.shape)).toEqual(
      [5, 5, 2].map((count) => [count, FRAMES, size.height, size.width, 3]),
    )
    expect(batches.map(({ done, total }) => [done, total])).toEqual([
      [5, 12],
      [10, 12],
      [12, 12],
    ])
    expect(batches.flatMap(({ unreadable }) => unreadable)).toEqual([])
    // Two clips of every video of nine frames.
    const places = data.videos.flatMap((_, video) => [
      [video, 0],
      [video, FRAMES],
    ]) as [number, number][]
    expect(batches.flatMap(({ starts }) => starts)).toEqual(places.map(([, start]) => start))
    expect(batches.flatMap(({ items }) => items)).toEqual(places.map(([video]) => data.videos[video]))
    expect(batches.flatMap(({ labels }) => [...labels])).toEqual(places.map(([video]) => made.labels[video]))
    const pixels = Buffer.concat(batches.map(({ clips }) => clips.data))
    expect(pixels.equals(Buffer.concat(places.map(([video, start]) => pixelsOf(video, start))))).toBe(true)
  })

  test('in the same memory, with reuse', async () => {
    const options = { ...layout, batchSize: 5, shuffle: true }
    using fresh = new ClipLoader(data, options)
    using reusing = new ClipLoader(data, { ...options, reuse: true })
    const expected = (await collect(fresh)).map(({ clips }) => [...clips.data])
    const seen: number[][] = []
    const memories = new Set<ArrayBufferLike>()
    for await (const { clips } of reusing) {
      seen.push([...clips.data])
      memories.add(clips.data.buffer)
    }
    expect(seen).toEqual(expected)
    expect(memories.size).toBe(1)
  })

  test('float32: (pixel - mean) * scale, channels first', async () => {
    const mean: [number, number, number] = [90.25, 97.7, 101.4]
    const scale = 1 / 57.6
    for (const channelOrder of ['rgb', 'bgr'] as const) {
      using loader = new ClipLoader(data, {
        ...layout,
        preprocessing: { resize: size, mean, scale, channelOrder },
        dtype: 'float32',
        batchSize: 12,
      })
      const [batch] = (await collect(loader)) as [ClipBatch<'float32'>]
      expect(batch.clips.shape).toEqual([12, 3, FRAMES, size.height, size.width])
      expect(batch.clips.data).toBeInstanceOf(Float32Array)
      const values: number[] = []
      for (let clip = 0; clip < 12; clip++) {
        const pixels = pixelsOf(Math.floor(clip / 2), (clip % 2) * FRAMES)
        for (let channel = 0; channel < 3; channel++)
          for (let place = 0; place < pixels.length; place += 3) {
            const pixel = pixels[place + (channelOrder === 'rgb' ? channel : 2 - channel)] as number
            const centred = Math.fround(pixel - Math.fround(mean[channel] as number))
            values.push(Math.fround(centred * Math.fround(scale)))
          }
      }
      expect(Array.from(batch.clips.data)).toEqual(values)
    }
  })

  test('arrays are the reader’s own: a later batch does not change an earlier one', async () => {
    using loader = new ClipLoader(data, { ...layout, batchSize: 3 })
    const copies: number[][] = []
    const kept: ClipBatch[] = []
    for await (const batch of loader) {
      kept.push(batch)
      copies.push([...batch.clips.data])
    }
    expect(kept.map(({ clips }) => [...clips.data])).toEqual(copies)
  })

  test('every loop is another epoch; a pass by its number is the same again', async () => {
    const options: ClipLoaderOptions = { ...layout, shuffle: true, seed: 4, batchSize: 12 }
    using loader = new ClipLoader(data, options)
    const order = async (clips: AsyncIterable<ClipBatch>) =>
      (await collect(clips)).flatMap(({ items, starts }) =>
        items.map((item, i) => `${item.path} ${starts[i]}`),
      )
    const [first, second] = [await order(loader), await order(loader)]
    expect(second).not.toEqual(first)
    expect([...second].sort()).toEqual([...first].sort())
    expect(await order(loader.pass(1))).toEqual(first)
    expect(await order(loader)).toEqual(second) // goes on behind the pass
    using other = new ClipLoader(data, options)
    expect(await order(other)).toEqual(first)
  })

  test('many loaders at once, of one data set and of its parts', async () => {
    const options: ClipLoaderOptions = { ...layout, sampling: { mode: 'random', clipsPerVideo: 20 } }
    const pixels = async (videos: VideoDataset) => {
      using loader = new ClipLoader(videos, options)
      return (await collect(loader)).map(({ clips }) => clips.data)
    }
    const part = data.subset((_, i) => i < 2)
    const [whole, ofPart] = [await pixels(data), await pixels(part)]
    const all = await Promise.all(Array.from({ length: 12 }, (_, i) => pixels(i % 2 === 0 ? data : part)))
    for (const [i, clips] of all.entries()) expect(clips).toEqual(i % 2 === 0 ? whole : ofPart)
  })
})

describe('for a model', () => {
  const input = { frames: 2, width: 4, height: 3 }
  let model: C3D
  let labelled: VideoDataset
  beforeAll(async () => {
    const source = path.join(folder, 'labelled')
    model = await pixelModel(input, { resize: size, channelOrder: 'bgr', mean: [1, 2, 3], scale: 0.5 })
    // In another order than the model has them.
    for (const name of ['value 7', 'value 3'])
      makeFrameFolder(path.join(source, name, 'video'), { frames: 2, ...size }, (frame, x, y) => [
        50 * frame + 7 * x,
        30 * y,
        40 + x + y * frame,
      ])
    labelled = await VideoDataset.open(source)
  })
  afterAll(() => {
    model.close()
    labelled.close()
  })

  test('clips are its input, labels are its own', async () => {
    using loader = new ClipLoader(labelled, { model, dtype: 'float32' })
    const [batch] = (await collect(loader)) as [ClipBatch<'float32'>]
    expect(batch.clips.shape).toEqual([2, 3, 2, 3, 4])
    expect([...batch.labels]).toEqual([3, 7])
    const { data: values, shape } = batch.clips
    expect(await model.forward({ data: values, shape })).toEqual(values)
    const answer = await model.predict(batch.items[0]?.path as string)
    const largest = Math.max(...values.slice(0, values.length / 2))
    expect(answer.top[0]?.label).toBe(`value ${values.indexOf(largest)}`)
  })

  test('a class that it does not know is an error', async () => {
    using loader = new ClipLoader(data, { model })
    await expect(collect(loader)).rejects.toMatchObject({
      code: 'C3D_INVALID_ARGUMENT',
      message: expect.stringContaining("'a'"),
    })
  })
})

describe('nothing to read', () => {
  test('no video is an error', async () => {
    using loader = new ClipLoader(
      data.subset(() => false),
      layout,
    )
    await expect(collect(loader)).rejects.toMatchObject({ code: 'C3D_EMPTY_DATASET' })
  })

  test('only videos that are too short and left out make an empty pass', async () => {
    using loader = new ClipLoader(data, {
      ...layout,
      clip: { frames: 10, ...size },
      sampling: { shortVideos: 'skip' },
    })
    expect(await collect(loader)).toEqual([])
  })

  test('a misspelled setting is an error at once', () => {
    expect(() => new ClipLoader(data, { ...layout, bachSize: 3 } as ClipLoaderOptions)).toThrow(
      expect.objectContaining({ code: 'C3D_INVALID_CONFIG', message: expect.stringContaining('bachSize') }),
    )
  })
})

describe('videos that break', () => {
  test("'skip' leaves their clips out and tells why; the others keep their places", async () => {
    using videos = await openCopy()
    const broken = videos.videos[1]?.path as string
    const file = path.join(broken, '2.png')
    const picture = readFileSync(file)
    using loader = new ClipLoader(videos, { ...layout, batchSize: 4, loader: { unreadable: 'skip' } })
    const [whole] = (await collect(loader)) as [ClipBatch]
    writeFileSync(file, 'damaged')
    const [first, second] = (await collect(loader)) as [ClipBatch, ClipBatch]
    expect(first).toMatchObject({
      done: 4,
      total: 6,
      items: [0, 2, 3].map((i) => videos.videos[i]),
      unreadable: [{ path: broken, reason: expect.stringContaining('2.png') }],
    })
    expect([...first.labels]).toEqual([0, 0, 1])
    expect(first.clips.shape[0]).toBe(3)
    const left = [0, 2, 3].flatMap((i) => [...whole.clips.data.slice(i * CLIP, (i + 1) * CLIP)])
    expect([...first.clips.data]).toEqual(left)
    expect(second).toMatchObject({ done: 6, unreadable: [], items: [4, 5].map((i) => videos.videos[i]) })

    writeFileSync(file, picture)
    expect((await collect(loader))[0]?.items).toHaveLength(4)
  })

  test('a batch of which nothing can be read is empty, not the end', async () => {
    using videos = await openCopy()
    for (const { path: video } of videos.videos.slice(0, 2)) rmSync(video, { recursive: true })
    for (const dtype of ['uint8', 'float32'] as const) {
      using loader = new ClipLoader(videos, {
        ...layout,
        dtype,
        batchSize: 2,
        loader: { unreadable: 'skip' },
      })
      const batches = await collect(loader)
      expect(
        batches.map(({ items, clips, unreadable }) => [items.length, clips.data.length, unreadable.length]),
      ).toEqual([
        [0, 0, 2],
        [2, 2 * CLIP, 0],
        [2, 2 * CLIP, 0],
      ])
    }
  })

  test("'error', which is the default, ends the pass with the file's name, after what comes before it", async () => {
    using videos = await openCopy()
    writeFileSync(path.join(videos.videos[4]?.path as string, '0.png'), 'damaged')
    using loader = new ClipLoader(videos, { ...layout, batchSize: 2 })
    const seen: string[] = []
    const read = async () => {
      for await (const { items } of loader) seen.push(...items.map((item) => item.path))
    }
    await expect(read()).rejects.toMatchObject({
      code: 'C3D_VIDEO_UNREADABLE',
      message: expect.stringMatching(/b\/1\/0\.png/),
    })
    expect(seen).toEqual(videos.videos.slice(0, 4).map((video) => video.path))
  })
})

describe('reading ahead', () => {
  test('no more than twice the prefetched batches, however slow the reader', async () => {
    using videos = await openCopy(12)
    for (const prefetch of [1, 3]) {
      using loader = new ClipLoader(videos, {
        ...layout,
        batchSize: 1,
        loader: { prefetch, threads: 2, unreadable: 'skip' },
      })
      // What was not decoded yet when the videos vanish cannot come.
      const source = videos.folder
      const hidden = `${source}-hidden`
      let ahead = 0
      for await (const { done, items } of loader) {
        if (done === 1) {
          await new Promise((resolve) => setTimeout(resolve, 300))
          renameSync(source, hidden)
        } else if (items.length > 0) {
          expect(done).toBe(ahead + 2) // in one piece
          ahead++
        }
      }
      renameSync(hidden, source)
      expect(ahead).toBeGreaterThanOrEqual(1)
      expect(ahead).toBeLessThanOrEqual(2 * prefetch)
    }
  })
})

/** Pictures that take long to decode, many times the same. */
async function openSlow(): Promise<VideoDataset> {
  const side = 2000
  const source = path.join(folder, 'slow')
  const picture = path.join(folder, 'slow.png')
  const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * i) >> 7)
  writeFileSync(picture, encodePng(pixels, side, side))
  for (const name of ['a/0', 'a/1', 'b/0', 'b/1']) {
    mkdirSync(path.join(source, name), { recursive: true })
    for (let i = 0; i < 40; i++) linkSync(picture, path.join(source, name, `${i}.png`))
  }
  return VideoDataset.open(source)
}

describe('stopping', () => {
  let slow: VideoDataset
  beforeAll(async () => {
    slow = await openSlow()
  })
  afterAll(() => slow.close())
  const slowLayout: ClipLoaderOptions = { ...layout, loader: { threads: 8 } }
  const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

  /** Threads of this process, and its threads when the test began. */
  const threads = () => readdirSync('/proc/self/task').length
  const testOnLinux = process.platform === 'linux' ? test : test.skip
  async function expectThreads(count: number): Promise<void> {
    const deadline = Date.now() + 10_000
    while (threads() > count && Date.now() < deadline) await pause(20)
    expect(threads()).toBeLessThanOrEqual(count)
  }

  testOnLinux('break ends the decoding and its threads; the next loop begins anew', async () => {
    using loader = new ClipLoader(slow, { ...slowLayout, batchSize: 1 })
    const before = threads()
    for await (const { done } of loader) {
      expect(done).toBe(1)
      expect(threads()).toBeGreaterThanOrEqual(before + 8)
      break
    }
    await expectThreads(before)
    for await (const { done, starts } of loader) {
      expect([done, starts]).toEqual([1, [0]])
      break
    }
  })

  testOnLinux('a throw in the loop does too', async () => {
    using loader = new ClipLoader(slow, { ...slowLayout, batchSize: 1 })
    const before = threads()
    const read = async () => {
      for await (const _ of loader) throw new Error('of the reader')
    }
    await expect(read()).rejects.toThrow('of the reader')
    await expectThreads(before)
  })

  test('close() while the loop waits for a batch ends it with an error', async () => {
    const loader = new ClipLoader(slow, { ...slowLayout, batchSize: 40 })
    const reading = collect(loader)
    setTimeout(() => loader.close(), 40)
    await expect(reading).rejects.toMatchObject({ code: 'C3D_ABORTED' })
    loader.close() // again does nothing
  })

  test('close() before the first batch was asked for, and between two', async () => {
    const loader = new ClipLoader(slow, { ...slowLayout, batchSize: 1 })
    const begun = loader[Symbol.asyncIterator]().next()
    loader.close() // while the pass is being opened
    await expect(begun).rejects.toMatchObject({ code: expect.stringMatching(/^C3D_(ABORTED|CLOSED)$/) })

    const other = new ClipLoader(slow, { ...slowLayout, batchSize: 1 })
    const read = async () => {
      for await (const _ of other) other.close()
    }
    await expect(read()).rejects.toMatchObject({ code: expect.stringMatching(/^C3D_(ABORTED|CLOSED)$/) })
  })

  test('a closed loader and a closed data set say so', async () => {
    const loader = new ClipLoader(data, layout)
    loader.close()
    await expect(collect(loader)).rejects.toMatchObject({ code: 'C3D_CLOSED' })
    await expect(collect(loader.pass(3))).rejects.toMatchObject({ code: 'C3D_CLOSED' })
    const closed = await openCopy()
    closed.close()
    using over = new ClipLoader(closed, layout)
    await expect(collect(over)).rejects.toMatchObject({ code: 'C3D_CLOSED' })
  })

  test('a data set that is closed under way is kept until the pass ends', async () => {
    const videos = await openCopy()
    using loader = new ClipLoader(videos, { ...layout, batchSize: 1 })
    let clips = 0
    for await (const { items } of loader) {
      videos.close()
      clips += items.length
    }
    expect(clips).toBe(6)
  })

  test('a signal ends the loop with its reason', async () => {
    using loader = new ClipLoader(slow, { ...slowLayout, batchSize: 40 })
    const controller = new AbortController()
    const reading = collect(loader.pass(1, { signal: controller.signal }))
    setTimeout(() => controller.abort(new Error('enough')), 40)
    await expect(reading).rejects.toMatchObject({ code: 'C3D_ABORTED', cause: { message: 'enough' } })
    const never = collect(loader.pass(1, { signal: AbortSignal.abort(new Error('never')) }))
    await expect(never).rejects.toMatchObject({ code: 'C3D_ABORTED', cause: { message: 'never' } })
    for await (const _ of new ClipLoader(data, layout)) break // and nothing else is stopped
  })

  test('the event loop stays free while a batch is decoded', async () => {
    using loader = new ClipLoader(slow, { ...slowLayout, batchSize: 40, loader: { threads: 1 } })
    const delay = monitorEventLoopDelay({ resolution: 5 })
    const begun = performance.now()
    delay.enable()
    for await (const _ of loader) break
    delay.disable()
    const milliseconds = performance.now() - begun
    expect(milliseconds).toBeGreaterThan(100)
    expect(delay.max / 1e6).toBeLessThan(milliseconds / 2)
  })
})
