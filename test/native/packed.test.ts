import { cpSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { C3D, ClipLoader, clipMean, packVideos, VideoDataset } from '../../lib'
import { runCommandLine } from '../../lib/cli/program'
import { makeFrameFolders } from '../support/frame-folders'
import { temporaryFolder } from '../support/temporary'

const folder = temporaryFolder()
const made = makeFrameFolders(path.join(folder, 'videos'), {
  classes: 2,
  videos: 2,
  frames: 11,
  width: 40,
  height: 30,
})
const resize = { width: 28, height: 21 }
const packed = path.join(folder, 'packed')

async function pixelsOf(source: string): Promise<number[]> {
  using data = await VideoDataset.open(source, { cache: false })
  using loader = new ClipLoader(data, {
    clip: { frames: 4, height: 16, width: 16 },
    preprocessing: { resize },
    sampling: { mode: 'random', clipsPerVideo: 3, crop: 'random', flipProbability: 0.5 },
    shuffle: true,
    batchSize: 5,
  })
  const pixels: number[] = []
  for await (const { clips, labels } of loader) pixels.push(...labels, ...clips.data)
  return pixels
}

describe('packed videos', () => {
  beforeAll(async () => {
    using data = await VideoDataset.open(made.folder)
    expect(await packVideos(data, packed, { resize })).toMatchObject({ kept: 0 })
  })

  test('give the clips of the videos that they were made of', async () => {
    const pixels = await pixelsOf(packed)
    expect(pixels).toHaveLength(2 * 2 * 3 * (1 + 4 * 16 * 16 * 3))
    expect(pixels).toEqual(await pixelsOf(made.folder))
  })

  test('say what they are', async () => {
    using data = await VideoDataset.open(packed)
    expect(data.videos).toHaveLength(4)
    expect(data.videos[0]).toMatchObject({ label: 'a', frames: 11, ...resize, codec: 'packed' })
    expect(new Set(data.videos.map((video) => video.fingerprint)).size).toBe(4)
  })

  test('that are there are kept, or made again on request', async () => {
    using data = await VideoDataset.open(made.folder)
    expect(await packVideos(data, packed, { resize })).toMatchObject({ kept: 4 })
    expect(await packVideos(data, packed, { resize, overwrite: true })).toMatchObject({ kept: 0 })
    expect(readdirSync(path.join(packed, 'a'))).toEqual(['0.c3dframes', '1.c3dframes'])
  })

  test('are made of parts of videos', async () => {
    const manifest = path.join(folder, 'parts.csv')
    writeFileSync(manifest, 'path,label,start,end\nvideos/a/0,a,2,7\nvideos/b/0,b,0,4\n')
    using data = await VideoDataset.open(manifest)
    const parts = path.join(folder, 'parts')
    const { files } = await packVideos(data, parts, { resize })
    expect(files.map((file) => path.relative(parts, file))).toEqual([
      path.join('a', '0.2-7.c3dframes'),
      path.join('b', '0.0-4.c3dframes'),
    ])
    using opened = await VideoDataset.open(parts)
    expect(opened.videos.map((video) => video.frames)).toEqual([5, 4])
  })

  test.each([
    ['cut off', (file: string) => truncateSync(file, 5000), 'shorter or longer'],
    ['empty', (file: string) => truncateSync(file, 0), 'no packed video'],
    ['of another kind', (file: string) => writeFileSync(file, 'x'.repeat(9000)), 'no packed video'],
    ['with a changed header', (file: string) => flipByte(file, 9), 'header is damaged'],
    ['with changed pixels', (file: string) => flipByte(file, 6000), 'pixels are damaged'],
  ])('%s are told and left out', async (_, damage, reason) => {
    const damaged = path.join(folder, `damaged ${reason} ${_}`)
    cpSync(packed, damaged, { recursive: true })
    const file = path.join(damaged, 'b', '1.c3dframes')
    damage(file)
    using data = await VideoDataset.open(damaged)
    expect(data.videos).toHaveLength(3)
    expect(data.problems).toEqual([{ path: file, reason: expect.stringContaining(reason) }])
  })

  test('leave nothing half written', async () => {
    using data = await VideoDataset.open(made.folder)
    const target = path.join(folder, 'stopped')
    const signal = AbortSignal.abort()
    await expect(packVideos(data, target, { signal })).rejects.toMatchObject({ code: 'C3D_ABORTED' })
    const left = existsSync(target) ? readdirSync(target, { recursive: true, withFileTypes: true }) : []
    expect(left.filter((entry) => entry.isFile())).toEqual([])
  })
})

test('the mean of a data set is that of its pixels', async () => {
  using data = await VideoDataset.open(packed)
  const { channels, cube, clips } = await clipMean(data, { frames: 5, resize })
  using loader = new ClipLoader(data, {
    clip: { frames: 5, height: resize.height, width: resize.width },
    preprocessing: { resize },
    batchSize: 8,
  })
  const sums = new Float64Array(cube.data.length)
  const places = 5 * resize.height * resize.width
  let seen = 0
  for await (const batch of loader) {
    seen += batch.labels.length
    batch.clips.data.forEach((value, i) => {
      const inClip = i % (places * 3)
      const place = (inClip % 3) * places + Math.floor(inClip / 3)
      sums[place] = (sums[place] ?? 0) + value
    })
  }
  expect(clips).toBe(seen)
  expect(clips).toBe(8)
  expect(cube.shape).toEqual([3, 5, resize.height, resize.width])
  cube.data.forEach((value, i) => {
    expect(Math.abs(value - (sums[i] ?? 0) / seen)).toBeLessThan(1e-3)
  })
  channels.forEach((value, channel) => {
    const part = sums.subarray(channel * places, (channel + 1) * places)
    expect(value).toBeCloseTo(part.reduce((a, b) => a + b, 0) / places / seen, 6)
  })
})

describe('on the command line', () => {
  const c3d = async (...args: string[]) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const status = await runCommandLine([...args, '--json'], { stdout, stderr })
    const lines = String(stdout.read() ?? '')
      .trim()
      .split('\n')
    return { status, last: JSON.parse(lines.at(-1) ?? '{}') }
  }

  test('c3d data pack packs, and keeps what is there', async () => {
    const out = path.join(folder, 'by command')
    const args = ['data', 'pack', made.folder, out, '--resize', '28x21']
    expect(await c3d(...args)).toEqual({ status: 0, last: { type: 'packed', out, videos: 4, kept: 0 } })
    expect(await c3d(...args)).toEqual({ status: 0, last: { type: 'packed', out, videos: 4, kept: 4 } })
    expect(readFileSync(path.join(out, 'a', '0.c3dframes'))).toEqual(
      readFileSync(path.join(packed, 'a', '0.c3dframes')),
    )
  })

  test('c3d data mean computes what preprocessing.mean takes', async () => {
    const cube = path.join(folder, 'mean.npy')
    const { status, last } = await c3d(
      ...['data', 'mean', packed, '--frames', '5', '--resize', '28x21', '--bgr', '--cube', cube],
    )
    using data = await VideoDataset.open(packed)
    const { channels } = await clipMean(data, { frames: 5, resize, channelOrder: 'bgr' })
    expect(status).toBe(0)
    expect(last).toMatchObject({
      type: 'mean',
      channels,
      channelOrder: 'bgr',
      clips: 8,
      cube: { file: cube },
    })
    using model = await C3D.create({
      architecture: { name: 'depth-1', input: { frames: 5, height: 16, width: 16 }, widthMultiplier: 1 / 16 },
      classes: data.classes,
      preprocessing: { mean: cube, channelOrder: 'bgr', resize },
      device: 'cpu',
    })
    const values = model.readTensor('mean_cube')
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    expect(mean).toBeCloseTo(channels.reduce((sum, value) => sum + value, 0) / 3, 3)
  })
})

function flipByte(file: string, place: number): void {
  const bytes = readFileSync(file)
  bytes.writeUInt8((bytes[place] ?? 0) ^ 1, place)
  writeFileSync(file, bytes)
}
