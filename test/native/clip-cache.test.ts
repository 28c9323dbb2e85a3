import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import {
  C3D,
  type ClipCache,
  ClipLoader,
  type ClipLoaderOptions,
  evaluate,
  train,
  VideoDataset,
} from '../../lib'
import { plainSampling } from '../../lib/config/sampling'
import { datasetState } from '../../lib/dataset'
import { nativeItems } from '../../lib/labels'
import { addon } from '../../lib/native/addon'
import { makeFrameFolders, randomNumbers } from '../support/frame-folders'
import { readPass, seeClips } from '../support/marked-videos'
import { temporaryFolder } from '../support/temporary'
import { describeWithVideos, plainVideo } from '../support/videos'

/** Frames that are kept change nothing but the time: the same pixels, whatever happened to the cache. */

const folder = temporaryFolder()
const FRAMES = 4
const size = { width: 24, height: 20 }
const resize = { width: 12, height: 10 }
const layout: ClipLoaderOptions = {
  clip: { frames: FRAMES, width: 8, height: 8 },
  preprocessing: { resize },
  batchSize: 5,
}
/** What one video of ten frames takes on disk: a page that describes it, and its pixels. */
const ENTRY = 4096 + 10 * resize.width * resize.height * 3

const HOUR = 3600_000
function age(file: string, hours: number): void {
  const time = new Date(Date.now() - hours * HOUR)
  utimesSync(file, time, time)
}

let folders = 0
const newFolder = () => path.join(folder, `${++folders}`)
const entriesOf = (cacheFolder: string) =>
  readdirSync(cacheFolder)
    .filter((name) => name.endsWith('.c3dframes'))
    .map((name) => path.join(cacheFolder, name))

const pixelsOf = async (data: VideoDataset, cache: ClipCache = 'none', options: ClipLoaderOptions = {}) =>
  (await seeClips(data, { ...layout, ...options, cache })).map(({ video, start, pixels }) => ({
    video,
    start,
    pixels,
  }))

/** Frame folders of random pixels that no other test touches. */
async function openFrameFolders(videos: number, seed = 1): Promise<VideoDataset> {
  const { folder: source } = makeFrameFolders(newFolder(), { classes: 2, videos, frames: 10, ...size, seed })
  return VideoDataset.open(source)
}

/** Small videos, one for each seed. */
function makeVideo(file: string, seed: number): void {
  mkdirSync(path.dirname(file), { recursive: true })
  const random = randomNumbers(seed)
  const writer = addon().createVideo(file, { ...plainVideo, width: 64, height: 48, framesPerSecond: 25 })
  for (let i = 0; i < 10; i++) {
    const colour = [0, 1, 2].map(() => Math.floor(random() * 256))
    writer.write(Uint8Array.from({ length: 64 * 48 * 3 }, (_, at) => colour[at % 3] as number))
  }
  writer.finish()
}

describe('the same pixels, byte for byte', () => {
  let data: VideoDataset
  beforeAll(async () => {
    data = await openFrameFolders(3)
  })
  afterAll(() => data.close())

  const colorJitter = { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.2 }
  test.each<NonNullable<ClipLoaderOptions['sampling']>>([
    {},
    { mode: 'dense', clipStride: 2 },
    { mode: 'random', clipsPerVideo: 5, crop: 'random', flipProbability: 0.5 },
    { mode: 'uniform', clipsPerVideo: 3, crop: 'multi-scale', colorJitter },
    { mode: 'random', clipsPerVideo: 2, scaleJitter: [0.8, 1.25], balanceClasses: true, shuffle: 'videos' },
  ])('%j', async (sampling) => {
    for (const channelOrder of ['rgb', 'bgr'] as const) {
      const options = { sampling, shuffle: true, preprocessing: { resize, channelOrder, temporalStride: 2 } }
      const expected = await pixelsOf(data, 'none', options)
      const disk = { type: 'disk', folder: newFolder() } as const
      expect(await pixelsOf(data, 'memory', options)).toEqual(expected)
      expect(await pixelsOf(data, disk, options)).toEqual(expected) // as it fills
      expect(entriesOf(disk.folder)).toHaveLength(6)
      expect(await pixelsOf(data, disk, options)).toEqual(expected) // as it serves
    }
  })

  test('other sizes and channel orders are other entries', async () => {
    const disk = { type: 'disk', folder: newFolder() } as const
    const variants: ClipLoaderOptions[] = [
      { preprocessing: { resize } },
      { preprocessing: { resize, channelOrder: 'bgr' } },
      { preprocessing: { resize: { width: 10, height: 12 } } }, // as many bytes
      { preprocessing: { resize: { shortSide: 10 } } },
    ]
    for (const options of variants)
      expect(await pixelsOf(data, disk, options)).toEqual(await pixelsOf(data, 'none', options))
    // 24x20 with a short side of 10 is 12x10 again.
    expect(entriesOf(disk.folder)).toHaveLength(3 * 6)
  })

  test('a training and an evaluation get the same numbers', async () => {
    const scores = async (cache: ClipCache) => {
      using model = await C3D.create({
        architecture: {
          name: 'depth-1',
          input: { frames: FRAMES, height: 16, width: 16 },
          widthMultiplier: 1 / 16,
        },
        classes: data.classes,
        device: 'cpu',
        seed: 1,
      })
      const losses: number[] = []
      for await (const epoch of train(model, data, { epochs: 2, batchSize: 4, seed: 1, cache }).epochs())
        losses.push(epoch.loss)
      return { losses, evaluation: await evaluate(model, data, { crops: 3, cache }) }
    }
    const expected = await scores('none')
    expect(await scores('memory')).toEqual(expected)
    expect(await scores({ type: 'disk', folder: newFolder() })).toEqual(expected)
  })
})

describeWithVideos('video files that are kept', () => {
  async function openVideos(): Promise<VideoDataset> {
    const source = newFolder()
    for (const [i, name] of ['a/0', 'a/1', 'b/0'].entries()) makeVideo(path.join(source, `${name}.mp4`), i)
    return VideoDataset.open(source)
  }
  const disk = () => ({ type: 'disk', folder: newFolder() }) as const

  test.each(['none', 'memory', 'disk'])('a second pass opens no file (%s)', async (type) => {
    using data = await openVideos()
    const cache = type === 'disk' ? disk() : (type as ClipCache)
    using loader = new ClipLoader(data, { ...layout, cache })
    const pixels = async () => (await readPass(loader, data)).map((clip) => clip.pixels)
    const first = await pixels()
    expect(first).toHaveLength(6)
    renameSync(data.folder, `${data.folder} elsewhere`)
    if (type === 'none') await expect(pixels()).rejects.toMatchObject({ code: 'C3D_FILE_NOT_FOUND' })
    else expect(await pixels()).toEqual(first)
  })

  test('a folder on disk serves the next loader, and a file under another name', async () => {
    using data = await openVideos()
    const cache = disk()
    const first = await pixelsOf(data, cache)
    renameSync(path.join(data.folder, 'a', '0.mp4'), path.join(data.folder, 'a', 'moved.mp4'))
    using moved = await VideoDataset.open(data.folder)
    rmSync(data.folder, { recursive: true })
    const again = await pixelsOf(moved, cache)
    const sorted = (clips: typeof first) =>
      clips.map(({ pixels }) => Buffer.from(pixels).toString('hex')).sort()
    expect(sorted(again)).toEqual(sorted(first))
    expect(entriesOf(cache.folder)).toHaveLength(3)
  })

  test('a file that changes after its frames were counted is refused, and nothing of it kept', async () => {
    using data = await openVideos()
    const file = path.join(data.folder, 'a', '1.mp4')
    makeVideo(file, 7)
    const cache = disk()
    await expect(pixelsOf(data, cache)).rejects.toMatchObject({
      code: 'C3D_VIDEO_UNREADABLE',
      message: expect.stringMatching(/a\/1\.mp4.*changed/),
    })
    using opened = await VideoDataset.open(data.folder)
    const expected = await pixelsOf(opened)
    expect(await pixelsOf(opened, cache)).toEqual(expected)
    expect(await pixelsOf(opened, cache)).toEqual(expected)
    expect(entriesOf(cache.folder)).toHaveLength(3)
  })

  test('a file that changes after it was kept has its new pixels when it is opened again', async () => {
    using data = await openVideos()
    const cache = disk()
    const before = await pixelsOf(data, cache)
    makeVideo(path.join(data.folder, 'a', '1.mp4'), 7)
    using opened = await VideoDataset.open(data.folder)
    const after = await pixelsOf(opened, cache)
    expect(after).toEqual(await pixelsOf(opened))
    expect(after).not.toEqual(before)
    expect(entriesOf(cache.folder)).toHaveLength(4)
  })
})

test('a picture of a frame folder that changes after it was kept is read again', async () => {
  using data = await openFrameFolders(2)
  const disk = { type: 'disk', folder: newFolder() } as const
  const before = await pixelsOf(data, disk)
  const [first, second] = ['2.png', '3.png'].map((name) => path.join(data.folder, 'b', '1', name))
  cpSync(first as string, second as string)
  const after = await pixelsOf(data, disk)
  expect(after).toEqual(await pixelsOf(data))
  expect(after).not.toEqual(before)
})

describe('the size limit', () => {
  test.each([
    ['nothing', 0, 0],
    ['not quite one', ENTRY - 1, 0],
    ['three of six', 3 * ENTRY, 3],
    ['almost four of six', 4 * ENTRY - 1, 3],
    ['all', 6 * ENTRY, 6],
  ])('disk: room for %s', async (_, maxBytes, kept) => {
    using data = await openFrameFolders(3)
    const disk = { type: 'disk', folder: newFolder(), maxBytes } as const
    const expected = await pixelsOf(data)
    for (let pass = 0; pass < 2; pass++) {
      expect(await pixelsOf(data, disk)).toEqual(expected)
      expect(entriesOf(disk.folder)).toHaveLength(kept)
      for (const file of entriesOf(disk.folder)) expect(statSync(file).size).toBe(ENTRY)
    }
  })

  test('memory: as much as fits is kept, and told', async () => {
    using data = await openFrameFolders(3)
    const video = ENTRY - 4096
    for (const [maxBytes, bytes] of [
      [0, 0],
      [video - 1, 0],
      [2.5 * video, 2 * video],
      [100 * video, 6 * video],
    ] as const) {
      const cache = await addon().openClipCache({ type: 'memory', maxBytes }).done
      for (let pass = 0; pass < 2; pass++) {
        const loader = await addon().createClipLoader({
          items: nativeItems(datasetState(data), { classes: data.classes, multiLabel: false }),
          clip: { frames: FRAMES, width: 8, height: 8 },
          preprocessing: {
            resize: { ...resize, shortSide: 0 },
            channelOrder: 'rgb',
            mean: [0, 0, 0],
            scale: 1,
          },
          sampling: {
            ...plainSampling,
            temporalStride: 1,
            framesPerSecond: 0,
            shuffle: false,
            shuffleBlock: 0,
          },
          seed: 1,
          epoch: 1,
          batchSize: 12,
          loader: { threads: 2, prefetch: 2, skipUnreadable: false },
          cache,
        }).done
        await loader.next(new Uint8Array(12 * FRAMES * 8 * 8 * 3)).done
        loader.close()
        expect(cache?.use()).toEqual({ bytes, maxBytes, problem: '' })
      }
      cache?.close()
    }
    const expected = await pixelsOf(data)
    expect(await pixelsOf(data, { type: 'memory', maxBytes: 2.5 * video })).toEqual(expected)
  })

  test('what was not used for a day gives way, younger entries do not', async () => {
    const disk = { type: 'disk', folder: newFolder(), maxBytes: 4 * ENTRY } as const
    using old = await openFrameFolders(2, 1)
    using other = await openFrameFolders(1, 2)
    using third = await openFrameFolders(1, 3)
    await pixelsOf(old, disk)
    const [first, second, ...young] = entriesOf(disk.folder) as [string, string, ...string[]]
    age(first, 25)
    age(second, 26)
    for (const file of young) age(file, 23)

    expect(await pixelsOf(other, disk)).toEqual(await pixelsOf(other))
    const kept = entriesOf(disk.folder)
    expect(kept).toHaveLength(4)
    expect(kept).toEqual(expect.arrayContaining(young))
    expect(kept).not.toContain(first)
    expect(kept).not.toContain(second)

    expect(await pixelsOf(third, disk)).toEqual(await pixelsOf(third))
    expect(entriesOf(disk.folder).sort()).toEqual(kept.sort())
  })

  test('use makes an entry young again', async () => {
    const disk = { type: 'disk', folder: newFolder(), maxBytes: 2 * ENTRY } as const
    using data = await openFrameFolders(1)
    await pixelsOf(data, disk)
    for (const file of entriesOf(disk.folder)) age(file, 25)
    await pixelsOf(data, disk)
    for (const file of entriesOf(disk.folder)) expect(Date.now() - statSync(file).mtimeMs).toBeLessThan(HOUR)
  })
})

describe('entries that are damaged are made again', () => {
  const damages: Record<string, (file: string, other: string) => void> = {
    'cut by a byte': (file) => truncateSync(file, ENTRY - 1),
    'cut in the header': (file) => truncateSync(file, 100),
    empty: (file) => truncateSync(file, 0),
    'longer by a byte': (file) => writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.alloc(1)])),
    'garbage in the header': (file) => writeFileSync(file, readFileSync(file).fill('garbage', 0, 4096)),
    'zeros all over': (file) => writeFileSync(file, Buffer.alloc(ENTRY)),
    "another video's": (file, other) => cpSync(other, file),
    'a folder': (file) => {
      rmSync(file)
      mkdirSync(file)
    },
  }

  test.each(Object.entries(damages))('%s', async (name, damage) => {
    using data = await openFrameFolders(1)
    const disk = { type: 'disk', folder: newFolder() } as const
    const expected = await pixelsOf(data)
    await pixelsOf(data, disk)
    const [file, other] = entriesOf(disk.folder) as [string, string]
    const whole = readFileSync(file)
    damage(file, other)
    expect(await pixelsOf(data, disk)).toEqual(expected)
    if (name !== 'a folder') expect(readFileSync(file).equals(whole)).toBe(true)
    expect(readdirSync(disk.folder)).toHaveLength(2)
  })
})

describe('a folder that several processes fill', () => {
  /** Fills the folder of its second argument from the data of its first, and prints a digest of all pixels. */
  const filler = path.resolve(__dirname, '../support/fill-cache.cjs')
  const fill = (data: VideoDataset, target: string) =>
    spawn(process.execPath, [filler, data.folder, target], { stdio: ['ignore', 'pipe', 'inherit'] })
  const text = async (child: ReturnType<typeof fill>) => {
    let all = ''
    for await (const part of child.stdout) all += part
    return all.trim()
  }
  const digestOf = async (data: VideoDataset) => {
    const hash = createHash('sha256')
    for (const { pixels } of await seeClips(data, layout)) hash.update(pixels)
    return hash.digest('hex')
  }
  const temporaries = (target: string) => readdirSync(target).filter((name) => name.endsWith('.tmp'))

  test('at once: each has the right pixels, and nothing unfinished stays', async () => {
    using data = await openFrameFolders(8)
    const target = newFolder()
    const outputs = await Promise.all([fill(data, target), fill(data, target), fill(data, target)].map(text))
    const digest = await digestOf(data)
    expect(outputs).toEqual(Array(3).fill(`filling\n${digest}`))
    expect(entriesOf(target)).toHaveLength(16)
    expect(temporaries(target)).toEqual([])
  })

  test('and are killed at any moment: what is there is right, what is not comes', async () => {
    using data = await openFrameFolders(20)
    const target = newFolder()
    const random = randomNumbers(Date.now())
    for (let kill = 0; kill < 4; kill++) {
      const child = fill(data, target)
      await once(child.stdout, 'data')
      await new Promise((resolve) => setTimeout(resolve, random() * 40))
      child.kill('SIGKILL')
      await once(child, 'close')
      for (const file of entriesOf(target)) expect(statSync(file).size).toBe(ENTRY)
    }
    const expected = await pixelsOf(data)
    expect(await pixelsOf(data, { type: 'disk', folder: target })).toEqual(expected)
    expect(await pixelsOf(data, { type: 'disk', folder: target })).toEqual(expected)
    expect(entriesOf(target)).toHaveLength(40)
  })

  test('what a killed one left behind goes after an hour, and nothing else', async () => {
    using data = await openFrameFolders(1)
    const target = newFolder()
    mkdirSync(target)
    const files = ['0123.c3dframes.42.tmp', '4567.c3dframes.43.tmp', 'notes.tmp', 'thesis.txt']
    for (const name of files) writeFileSync(path.join(target, name), 'begun')
    for (const name of files.slice(1)) age(path.join(target, name), 2)
    await pixelsOf(data, { type: 'disk', folder: target })
    const left = readdirSync(target).filter((name) => !name.endsWith('.c3dframes'))
    expect(left.sort()).toEqual(['0123.c3dframes.42.tmp', 'notes.tmp', 'thesis.txt'])
  })
})

describe('a folder that cannot be used', () => {
  const refused = async (target: string) => {
    using data = await openFrameFolders(1)
    const error = { code: 'C3D_FILE', message: expect.stringContaining(target) }
    const cache = { type: 'disk', folder: target } as const
    await expect(pixelsOf(data, cache)).rejects.toMatchObject(error)
    using model = await C3D.create({
      architecture: {
        name: 'depth-1',
        input: { frames: FRAMES, height: 16, width: 16 },
        widthMultiplier: 1 / 16,
      },
      classes: data.classes,
      device: 'cpu',
    })
    await expect(evaluate(model, data, { cache })).rejects.toMatchObject(error)
    await expect(train(model, data, { epochs: 1, cache }).done).rejects.toMatchObject(error)
  }

  test('below a file is an error that names it', async () => {
    const file = newFolder()
    writeFileSync(file, 'no folder')
    await refused(file)
    await refused(path.join(file, 'below'))
  })

  const isRoot = process.getuid?.() === 0
  const testPermissions = isRoot ? test.skip : test
  testPermissions(
    `read-only is an error that names it${isRoot ? ' (skipped: root may write)' : ''}`,
    async () => {
      const target = newFolder()
      mkdirSync(target, { mode: 0o500 })
      await refused(target)
    },
  )

  test('a folder that vanishes while it is used costs nothing but time', async () => {
    using data = await openFrameFolders(2)
    const target = newFolder()
    using loader = new ClipLoader(data, { ...layout, cache: { type: 'disk', folder: target } })
    const pixels = async () => (await readPass(loader, data)).map((clip) => clip.pixels)
    const expected = (await pixelsOf(data)).map((clip) => clip.pixels)
    expect(await pixels()).toEqual(expected)
    rmSync(target, { recursive: true })
    expect(await pixels()).toEqual(expected)
    expect(await pixels()).toEqual(expected)
  })
})
