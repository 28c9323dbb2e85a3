import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { C3D, VideoDataset } from '../../lib'
import { evaluationSampling } from '../../lib/config/sampling'
import { unlabelledItems } from '../../lib/labels'
import { modelState } from '../../lib/model'
import { addon } from '../../lib/native/addon'
import type { NativeSampling, NativeVideoSet } from '../../lib/native/binding'
import { randomNumbers } from '../support/frame-folders'
import { temporaryFolder } from '../support/temporary'
import { describeWithVideos, plainVideo, writeVideo } from '../support/videos'

const WIDTH = 64
const HEIGHT = 48
const FRAMES = 16

/** How bright frame `i` is, all over. */
const greyOf = (frame: number) => 20 + 4 * frame

/** A video whose frames tell their number. */
function makeVideo(file: string, frames: number): void {
  mkdirSync(path.dirname(file), { recursive: true })
  const pictures = range(0, frames).map((i) => new Uint8Array(WIDTH * HEIGHT * 3).fill(greyOf(i)))
  writeVideo(file, { width: WIDTH, height: HEIGHT }, pictures)
}

/** A network whose logits are the mean grey levels of its 16 frames. */
async function greyMeter(): Promise<C3D> {
  const model = await C3D.create({
    architecture: {
      input: { frames: FRAMES, height: 20, width: 20 },
      layers: [{ type: 'pool', name: 'mean', kernel: [1, 20, 20] }],
      classifier: 'out',
    },
    classes: Array.from({ length: FRAMES }, (_, i) => `frame ${i}`),
    preprocessing: { channelOrder: 'rgb', mean: [0, 0, 0], scale: 1 },
    device: 'cpu',
  })
  const weights = new Float32Array(FRAMES * 3 * FRAMES)
  for (let i = 0; i < FRAMES; i++) weights[i * 3 * FRAMES + i] = 1 // the red channel of frame i
  model.writeTensor('out.weight', weights)
  model.writeTensor('out.bias', new Float32Array(FRAMES))
  return model
}

/** Frame numbers of every clip, by their grey levels. */
async function framesOfClips(model: C3D, videos: NativeVideoSet, sampling: Partial<NativeSampling>) {
  const clips: { start: number; frames: number[] }[] = []
  await addon().score(
    modelState(model).native,
    {
      items: unlabelledItems(videos),
      sampling: {
        ...evaluationSampling('all', 1, model.preprocessing),
        ...sampling,
      },
      precision: { type: 'float32', float32Layers: [] },
      batchSize: 2,
      readout: { layer: '', pooling: 'none' },
      loader: { threads: 2, prefetch: 2, skipUnreadable: false },
      cache: { type: 'none' },
    },
    (event) => {
      if (event.type !== 'clips') return
      const { starts, outputs } = event
      starts.forEach((start, i) => {
        const greys = outputs.subarray(i * FRAMES, (i + 1) * FRAMES)
        clips.push({ start, frames: Array.from(greys, (grey) => Math.max(0, Math.round((grey - 20) / 4))) })
      })
    },
  ).done
  return clips
}

const range = (start: number, count: number, stride = 1) =>
  Array.from({ length: count }, (_, i) => start + i * stride)

describeWithVideos('videos', () => {
  const folder = temporaryFolder()
  let model: C3D
  beforeAll(async () => {
    model = await greyMeter()
  })
  afterAll(() => model.close())

  const index = async (file: string) =>
    addon().indexVideos([file], { threads: 1, cache: null, keep: null }, () => {}).done

  test('a file that is cut off is read as far as it goes, with a warning', async () => {
    const whole = path.join(folder, 'whole.avi')
    const cut = path.join(folder, 'cut.avi')
    const noise = randomNumbers(1)
    const pictures = range(0, 53).map(() =>
      Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, () => 256 * noise()),
    )
    const avi = { container: 'avi', encoder: 'mpeg4', encoderSettings: {} }
    writeVideo(whole, { width: WIDTH, height: HEIGHT, ...avi }, pictures)
    const bytes = readFileSync(whole)
    writeFileSync(cut, bytes.subarray(0, Math.floor(bytes.length * 0.7)))
    expect((await index(whole)).videos[0]).toMatchObject({ frames: 53, warning: '' })
    const [video] = (await index(cut)).videos
    expect(video?.problem).toBe('')
    expect(video?.frames).toBeLessThan(53)
    expect(video?.warning).toMatch(
      /a part of it is damaged .* \d+ frames? of it can be read|its header counts 53 frames/,
    )
  })

  test('the frames of a clip are the frames of the video', async () => {
    const file = path.join(folder, 'long.mp4')
    makeVideo(file, 53)
    const videos = await index(file)
    expect(videos.videos[0]).toMatchObject({
      frames: 53,
      width: WIDTH,
      height: HEIGHT,
      framesPerSecond: 25,
      problem: '',
    })
    expect(await framesOfClips(model, videos, {})).toEqual([
      { start: 0, frames: range(0, 16) },
      { start: 16, frames: range(16, 16) },
      { start: 32, frames: range(32, 16) },
    ])
    expect(await framesOfClips(model, videos, { mode: 'uniform', clipsPerVideo: 3 })).toEqual([
      { start: 0, frames: range(0, 16) },
      { start: 19, frames: range(19, 16) },
      { start: 37, frames: range(37, 16) },
    ])
    expect(await framesOfClips(model, videos, { temporalStride: 3 })).toEqual([
      { start: 0, frames: range(0, 16, 3) },
    ])
    const random = await framesOfClips(model, videos, { mode: 'random', clipsPerVideo: 20 })
    for (const { start, frames } of random) expect(frames).toEqual(range(start, 16))
    expect(new Set(random.map(({ start }) => start)).size).toBeGreaterThan(5)
  })

  test('a short video repeats its last frame', async () => {
    const file = path.join(folder, 'short.mp4')
    makeVideo(file, 5)
    const clips = await framesOfClips(model, await index(file), {})
    expect(clips).toEqual([{ start: 0, frames: [0, 1, 2, 3, ...Array(12).fill(4)] }])
  })

  test('no clip comes twice where a video has fewer than asked for', async () => {
    const file = path.join(folder, 'brief.mp4')
    makeVideo(file, 17)
    const clips = await framesOfClips(model, await index(file), { mode: 'uniform', clipsPerVideo: 10 })
    expect(clips.map(({ start }) => start)).toEqual([0, 1])
  })

  test('what cannot be read is left out of a data set, by name and reason', async () => {
    const data = path.join(folder, 'mixed')
    makeVideo(path.join(data, 'a', 'good.mp4'), 16)
    makeVideo(path.join(data, 'b', 'good.mp4'), 16)
    const bytes = readFileSync(path.join(data, 'a', 'good.mp4'))
    writeFileSync(path.join(data, 'a', 'cut.mp4'), bytes.subarray(0, 100))
    writeFileSync(path.join(data, 'a', 'empty.mp4'), '')
    writeFileSync(path.join(data, 'b', 'text.avi'), 'this is no video')
    writeFileSync(path.join(data, 'b', 'notes.txt'), 'ignored')
    using opened = await VideoDataset.open(data)
    expect(opened.videos.map((video) => path.relative(data, video.path))).toEqual([
      'a/good.mp4',
      'b/good.mp4',
    ])
    expect(opened.problems.map((problem) => path.relative(data, problem.path)).sort()).toEqual([
      'a/cut.mp4',
      'a/empty.mp4',
      'b/text.avi',
    ])
    for (const { path: file, reason } of opened.problems) expect(reason).toContain(path.basename(file))
  })

  test('predict: a file that is not there, and one that is no video', async () => {
    await expect(model.predict(path.join(folder, 'missing.mp4'))).rejects.toMatchObject({
      code: 'C3D_FILE_NOT_FOUND',
      message: expect.stringContaining('missing.mp4'),
    })
    const file = path.join(folder, 'fake.mp4')
    writeFileSync(file, 'no video at all')
    await expect(model.predict(file)).rejects.toMatchObject({
      code: 'C3D_VIDEO_UNREADABLE',
      message: expect.stringContaining('fake.mp4'),
    })
  })

  test('predict: times and probabilities of a video', async () => {
    const file = path.join(folder, 'asked.mp4')
    makeVideo(file, 40)
    const { top, clips, probabilities } = await model.predict(file, { clips: 'all', topK: 2 })
    expect(top[0]?.label).toBe('frame 15') // the brightest
    expect(clips.map(({ start, end, startSeconds }) => [start, end, startSeconds])).toEqual([
      [0, 16, 0],
      [16, 32, 0.64],
    ])
    expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 5)
  })

  test('a video that is not finished leaves no file', () => {
    const file = path.join(folder, 'unfinished', 'video.mp4')
    mkdirSync(path.dirname(file))
    const script = `
      const binding = require(${JSON.stringify(path.resolve(__dirname, '../../build/Release/torch_c3d.node'))})
      binding.setVideoPlugin(${JSON.stringify(path.resolve(__dirname, '../../build/Release/c3d_ffmpeg.so'))})
      const writer = binding.createVideo(process.argv[1], ${JSON.stringify({ ...plainVideo, width: 16, height: 16 })})
      writer.write(new Uint8Array(16 * 16 * 3))
    `
    expect(spawnSync(process.execPath, ['-e', script, file]).status).toBe(0)
    expect(spawnSync('ls', ['-A', path.dirname(file)], { encoding: 'utf8' }).stdout).toBe('')
  })
})

describe('without FFmpeg', () => {
  const folder = temporaryFolder()

  test('the addon loads, and a video says what to install', () => {
    const release = path.join(folder, 'build', 'Release')
    const source = path.resolve(__dirname, '../../build/Release/torch_c3d.node')
    mkdirSync(release, { recursive: true })
    cpSync(source, path.join(release, 'torch_c3d.node'))
    const script = `
      const binding = require(process.argv[1])
      binding.setVideoPlugin(${JSON.stringify(path.join(release, 'c3d_ffmpeg.so'))})
      const options = { threads: 1, cache: null, keep: null }
      binding.indexVideos([process.argv[2]], options, () => {}).done
        .catch((error) => console.log(error.code, error.message))
    `
    const video = path.join(folder, 'video.mp4')
    writeFileSync(video, 'anything')
    const child = spawnSync(process.execPath, ['-e', script, path.join(release, 'torch_c3d.node'), video], {
      encoding: 'utf8',
    })
    expect(child.status).toBe(0)
    expect(child.stdout).toMatch(/^C3D_FFMPEG_MISSING .*c3d_ffmpeg\.so.*apt-get install/s)
  })
})
