import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { C3D, ExtractOptions, PredictOptions, ScoringProgress } from '../../lib'
import { nativePreprocessing } from '../../lib/config/preprocessing'
import { evaluationSampling } from '../../lib/config/sampling'
import { unlabelledItems } from '../../lib/labels'
import { modelState } from '../../lib/model'
import { addon } from '../../lib/native/addon'
import type { NativeSampling, NativeVideoSet } from '../../lib/native/binding'
import { countFrames, range } from '../support/frames'
import { makeFrameFolder } from '../support/marked-videos'
import { pixelModel } from '../support/pixel-model'
import { sampleVideos } from '../support/sample-videos'
import { temporaryFolder } from '../support/temporary'
import { videoCases, writeVideoCase } from '../support/video-cases'
import { describeWithVideos, missingEncoder } from '../support/videos'

// A video is decoded once: while its frames are counted, its clips are computed or their frames are kept. With a cache,
// or where clips that cannot be read are skipped, the frames are counted first and clips are read after that.

const folder = temporaryFolder()
const input = { frames: 4, height: 8, width: 8 }
const size = { width: 12, height: 10 }

let model: C3D
beforeAll(async () => {
  model = await pixelModel(input, { resize: size })
})
afterAll(() => model.close())

/** The pixels of every clip, with its times: what the network of these tests gives. */
async function clipsOf(video: string, options: ExtractOptions) {
  const { clips } = await model.extract(video, { layer: 'out', normalize: 'none', batchSize: 3, ...options })
  return clips
}

async function expectSameInOnePass(video: string, strides = [1, 3, 4, 11]): Promise<void> {
  for (const stride of strides)
    expect(await clipsOf(video, { stride })).toEqual(await clipsOf(video, { stride, cache: 'memory' }))
  const options: PredictOptions[] = [
    {},
    { clips: 3 },
    { clips: 'all' },
    { clips: 'all', crops: 3, batchSize: 2 },
  ]
  for (const option of options)
    expect(await model.predict(video, option)).toEqual(
      await model.predict(video, { ...option, cache: 'memory' }),
    )
}

/** An .avi file of 60 frames, whose header says so. */
function plainFile(name: string): string {
  const made = { ending: 'avi', container: 'avi', frames: 60, encoder: 'mpeg4', encoderSettings: { g: '12' } }
  return writeVideoCase(folder, name, made)
}

/** The pixels of all clips of a counted video. */
async function readClips(set: NativeVideoSet, sampling: NativeSampling): Promise<Buffer[]> {
  const { preprocessing } = modelState(model).config
  const request = {
    items: unlabelledItems(set),
    clip: input,
    preprocessing: nativePreprocessing(preprocessing),
    sampling,
    seed: 0,
    epoch: 0,
    batchSize: 1,
    loader: { threads: 1, prefetch: 1, skipUnreadable: false },
    cache: null,
  }
  const loader = await addon().createClipLoader(request).done
  const clips: Buffer[] = []
  try {
    for (;;) {
      const pixels = new Uint8Array(input.frames * input.height * input.width * 3)
      if ((await loader.next(pixels).done) === null) return clips
      clips.push(Buffer.from(pixels))
    }
  } finally {
    loader.close()
  }
}

const cases = [
  'H.264 with B-frames, key frames',
  'H.264 with open GOPs',
  'H.264 in .ts',
  'MPEG-4 in .avi with B-frames, key frames',
  'Xvid in .avi, B-frames in a packed bitstream',
  'a header that counts one frame too many',
  'GIF',
  'variable frame rate in .mkv',
  'a first key frame that is cut off, H.264',
]

describeWithVideos('clips read in one pass are those of counted videos', () => {
  for (const name of cases) {
    const made = videoCases[name]
    if (!made) throw new Error(`There is no case '${name}'.`)
    const missing = missingEncoder(made)
    const run = missing ? test.skip : test
    run(missing ? `${name} (skipped: ${missing})` : name, () =>
      expectSameInOnePass(writeVideoCase(folder, name, made)),
    )
  }

  test('of a short video', async () => {
    const made = { ending: 'avi', container: 'avi', frames: 3, encoder: 'mpeg4' }
    await expectSameInOnePass(writeVideoCase(folder, 'short', made))
  })

  test('of a damaged video', async () => {
    const bytes = readFileSync(plainFile('whole'))
    for (const place of range(40, Math.floor(bytes.length / 2))) bytes[place] = 0xff
    const file = path.join(folder, 'damaged.avi')
    writeFileSync(file, bytes)
    const { set, info } = await countFrames(file)
    set.close()
    expect(info.warning).not.toBe('')
    await expectSameInOnePass(file)
  })

  test('with other steps from frame to frame', async () => {
    const file = plainFile('stepped')
    for (const preprocessing of [{ temporalStride: 3 }, { framesPerSecond: 10 }, { framesPerSecond: 60 }]) {
      const stepped = await pixelModel(input, { resize: size, ...preprocessing })
      for (const options of [{ stride: 2 }, { stride: 30 }]) {
        const given = { layer: 'out', normalize: 'none' as const, ...options }
        const { clips } = await stepped.extract(file, given)
        expect(clips).toEqual((await stepped.extract(file, { ...given, cache: 'memory' })).clips)
        expect(clips.length).toBeGreaterThan(1)
      }
      for (const clips of ['all', 2, undefined] as const)
        expect(await stepped.predict(file, { clips })).toEqual(
          await stepped.predict(file, { clips, cache: 'memory' }),
        )
      stepped.close()
    }
  })
})

test('frame folders and packed videos give their clips as well', async () => {
  const frames = makeFrameFolder(path.join(folder, 'frames'), { frames: 9, ...size }, (...marks) => marks)
  await expectSameInOnePass(frames)
  const packed = path.join(folder, 'frames.c3dframes')
  const { set } = await countFrames(frames)
  const resize = { ...size, shortSide: 0 }
  await addon().packVideo({ set, video: 0, start: 0, end: 9, resize, file: packed }).done
  set.close()
  await expectSameInOnePass(packed)
})

describeWithVideos('in one pass', () => {
  test('the first clips are computed before the frames are counted', async () => {
    const whole = plainFile('cut')
    const cut = path.join(folder, 'cut-off.avi')
    // The header at its beginning goes on to promise 60 frames.
    writeFileSync(cut, readFileSync(whole).subarray(0, 0.6 * readFileSync(whole).length))
    const { set, info } = await countFrames(cut)
    set.close()
    expect(info.frames).toBeLessThan(50)
    const told: ScoringProgress[] = []
    await model.predict(cut, { clips: 'all', batchSize: 1, onProgress: (progress) => told.push(progress) })
    const clips = Math.floor(info.frames / input.frames)
    expect(told[0]).toEqual({ done: 1, total: 60 / input.frames })
    expect(told.at(-1)).toEqual({ done: clips, total: clips })
  })

  test('a video that cannot be read, an abort and leaving early end the work', async () => {
    const broken = path.join(folder, 'broken.avi')
    writeFileSync(broken, 'no video')
    await expect(model.predict(broken, { clips: 'all' })).rejects.toMatchObject({
      code: 'C3D_VIDEO_UNREADABLE',
      message: expect.stringContaining(broken),
    })
    await expect(model.predict(path.join(folder, 'none.avi'), { clips: 'all' })).rejects.toMatchObject({
      code: 'C3D_FILE_NOT_FOUND',
    })
    const file = plainFile('long')
    const stop = new AbortController()
    const onProgress = () => stop.abort()
    await expect(
      model.predict(file, { clips: 'all', batchSize: 1, signal: stop.signal, onProgress }),
    ).rejects.toMatchObject({ code: 'C3D_ABORTED' })
    for await (const { start } of model.extractClips(file, { layer: 'out', stride: 1, batchSize: 1 })) {
      expect(start).toBe(0)
      break
    }
  })
})

describeWithVideos('frames that are kept while a video is counted', () => {
  const sampling = (clips: number | 'all') =>
    evaluationSampling(clips, 1, modelState(model).config.preprocessing)

  async function count(file: string, kept: NativeSampling, maxBytes = 2 ** 20): Promise<NativeVideoSet> {
    const keep = { model: modelState(model).native, sampling: kept, maxBytes }
    return addon().indexVideos([file], { threads: 1, cache: null, keep }, () => {}).done
  }

  test.each(['all', 3, 10] as const)('are those of %s clips, and spare a second decoding', async (clips) => {
    const file = path.join(folder, `kept-${clips}.avi`)
    copyFileSync(plainFile('whole'), file)
    const set = await count(file, sampling(clips))
    const expected = await readClips(await countFrames(file).then((video) => video.set), sampling(clips))
    rmSync(file)
    expect(await readClips(set, sampling(clips))).toEqual(expected)
    // Of other clips, frames are missing.
    if (clips === 3) await expect(readClips(set, sampling('all'))).rejects.toThrow('There is no video')
  })

  test('are decoded again where they do not fit', async () => {
    const file = path.join(folder, 'full.avi')
    copyFileSync(plainFile('whole'), file)
    const set = await count(file, sampling('all'), 30 * size.width * size.height * 3)
    const counted = await countFrames(file)
    expect(await readClips(set, sampling('all'))).toEqual(await readClips(counted.set, sampling('all')))
    rmSync(file)
    await expect(readClips(set, sampling('all'))).rejects.toThrow('There is no video')
  })

  test('need not be right about the end', async () => {
    const name = 'a header that counts one frame too many'
    const made = videoCases[name]
    if (!made) throw new Error(name)
    const file = writeVideoCase(folder, `${name}, kept`, made)
    const set = await count(file, sampling(5))
    const expected = await readClips(await countFrames(file).then((video) => video.set), sampling(5))
    rmSync(file)
    expect(await readClips(set, sampling(5))).toEqual(expected)
  })
})

describeWithVideos('so are those of real clips', () => {
  const { files, problem } = sampleVideos()
  if (problem) test.skip(`(skipped: ${problem})`, () => {})
  else test.each(files)('%s', (_, file) => expectSameInOnePass(file, [11]))
})
