import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type ClipLoaderOptions, VideoDataset } from '../../lib'
import { addon } from '../../lib/native/addon'
import { makeMarkedVideos, type SeenClip, seeClips } from '../support/marked-videos'
import { temporaryFolder } from '../support/temporary'
import { describeWithVideos, plainVideo } from '../support/videos'

/** Which clips of which videos are shown. */

const folder = temporaryFolder()
const FRAMES = 4
const size = { width: 12, height: 10 }
const layout: ClipLoaderOptions = {
  clip: { frames: FRAMES, width: 8, height: 8 },
  preprocessing: { resize: size },
  batchSize: 7,
}

type Sampling = NonNullable<ClipLoaderOptions['sampling']>

const numbersOf = (clip: SeenClip) => Array.from({ length: FRAMES }, (_, t) => clip.at(t, 0, 0)[0])
const startsOf = (clips: SeenClip[]) => clips.map(({ start }) => start)
const range = (start: number, stride = 1) => Array.from({ length: FRAMES }, (_, i) => start + i * stride)
const namesOf = (clips: SeenClip[]) => clips.map(({ video, start }) => `${video} ${start}`)

/** How often each value comes. */
function count<T>(values: Iterable<T>): Map<T, number> {
  const counts = new Map<T, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

describe('clips of one video', () => {
  let data: VideoDataset
  beforeAll(async () => {
    data = await VideoDataset.open(makeMarkedVideos(path.join(folder, 'one'), { 'a/video': 23 }, size))
  })
  afterAll(() => data.close())

  const sample = (sampling: Sampling, preprocessing = {}, epoch = 1) =>
    seeClips(
      data,
      { ...layout, preprocessing: { ...layout.preprocessing, ...preprocessing }, sampling },
      epoch,
    )

  test('non-overlapping: one behind the other, the rest left out', async () => {
    const clips = await sample({})
    expect(startsOf(clips)).toEqual([0, 4, 8, 12, 16])
    for (const clip of clips) expect(numbersOf(clip)).toEqual(range(clip.start))
  })

  test('dense: every clipStride frames, to the last that fits', async () => {
    const clips = await sample({ mode: 'dense', clipStride: 3 })
    expect(startsOf(clips)).toEqual([0, 3, 6, 9, 12, 15, 18])
    for (const clip of clips) expect(numbersOf(clip)).toEqual(range(clip.start))
    expect(startsOf(await sample({ mode: 'dense', clipStride: 1 }))).toEqual([...Array(20).keys()])
    expect(startsOf(await sample({ mode: 'dense', clipStride: 100 }))).toEqual([0])
  })

  test('uniform: from the first to the last possible start, one alone in the middle, none twice', async () => {
    const uniform = async (clipsPerVideo: number) =>
      startsOf(await sample({ mode: 'uniform', clipsPerVideo }))
    expect(await uniform(1)).toEqual([9])
    expect(await uniform(2)).toEqual([0, 19])
    expect(await uniform(5)).toEqual([0, 5, 10, 14, 19])
    expect(await uniform(50)).toEqual([...Array(20).keys()])
  })

  test('random: every possible start about as often, none outside', async () => {
    const clips = await sample({ mode: 'random', clipsPerVideo: 400 })
    const counts = count(startsOf(clips))
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([...Array(20).keys()])
    for (const times of counts.values()) expect(Math.abs(times - 20)).toBeLessThan(15)
    for (const clip of clips) expect(numbersOf(clip)).toEqual(range(clip.start))
  })

  test('random: other clips in another epoch and with another seed, the same with the same', async () => {
    const starts = async (seed: number, epoch: number) =>
      startsOf(
        await seeClips(data, { ...layout, seed, sampling: { mode: 'random', clipsPerVideo: 20 } }, epoch),
      )
    const first = await starts(1, 1)
    expect(await starts(1, 1)).toEqual(first)
    expect(await starts(1, 2)).not.toEqual(first)
    expect(await starts(2, 1)).not.toEqual(first)
  })

  test('temporal stride: frames that far apart, clips one behind the other in the video', async () => {
    const clips = await sample({}, { temporalStride: 3 })
    expect(clips.map(numbersOf)).toEqual([range(0, 3), range(12, 3)])
    const dense = await sample({ mode: 'dense', clipStride: 1 }, { temporalStride: 3 })
    expect(startsOf(dense)).toEqual([...Array(14).keys()])
  })

  test('a frame rate changes nothing where a video does not say its own', async () => {
    expect((await sample({}, { framesPerSecond: 5 })).map(numbersOf)).toEqual(
      (await sample({})).map(numbersOf),
    )
  })
})

describe('parts of videos', () => {
  const parts = async (rows: string[], sampling: Sampling) => {
    makeMarkedVideos(path.join(folder, 'parts'), { video: 23 }, size)
    const manifest = path.join(folder, 'parts', 'list.csv')
    writeFileSync(manifest, ['path,label,start,end', ...rows].join('\n'))
    using data = await VideoDataset.open(manifest)
    return (await seeClips(data, { ...layout, sampling })).map(numbersOf)
  }

  test('no clip leaves its part', async () => {
    const middle = ['video,a,5,14']
    expect(await parts(middle, {})).toEqual([range(5), range(9)])
    expect(await parts(middle, { mode: 'dense', clipStride: 1 })).toEqual(
      [5, 6, 7, 8, 9, 10].map((i) => range(i)),
    )
    expect(await parts(middle, { mode: 'uniform', clipsPerVideo: 2 })).toEqual([range(5), range(10)])
    const random = await parts(middle, { mode: 'random', clipsPerVideo: 100 })
    expect(new Set(random.map(([first]) => first))).toEqual(new Set([5, 6, 7, 8, 9, 10]))
    for (const numbers of random) expect(numbers).toEqual(range(numbers[0] as number))
  })

  test('parts without a start or an end, several of one video', async () => {
    expect(await parts(['video,a,,9', 'video,b,15,', 'video,c,19,23'], {})).toEqual([
      range(0),
      range(4),
      range(15),
      range(19),
      range(19),
    ])
  })

  test('a short part repeats or loops its own frames, not those behind it', async () => {
    const short = ['video,a,10,12']
    expect(await parts(short, {})).toEqual([[10, 11, 11, 11]])
    expect(await parts(short, { shortVideos: 'loop' })).toEqual([[10, 11, 10, 11]])
  })
})

describe('short videos', () => {
  let data: VideoDataset
  beforeAll(async () => {
    const videos = { 'a/long': 9, 'a/short': 3, 'b/single': 1, 'b/fitting': 4 }
    data = await VideoDataset.open(makeMarkedVideos(path.join(folder, 'short'), videos, size))
  })
  afterAll(() => data.close())

  const sample = async (sampling: Sampling) => {
    const clips = await seeClips(data, { ...layout, sampling })
    return clips.map((clip) => [clip.video, ...numbersOf(clip)])
  }
  const whole = [
    ['a/long', 0, 1, 2, 3],
    ['a/long', 4, 5, 6, 7],
  ]

  test('repeat the last frame', async () => {
    expect(await sample({})).toEqual([
      ...whole,
      ['a/short', 0, 1, 2, 2],
      ['b/fitting', 0, 1, 2, 3],
      ['b/single', 0, 0, 0, 0],
    ])
  })

  test('begin again', async () => {
    expect(await sample({ shortVideos: 'loop' })).toEqual([
      ...whole,
      ['a/short', 0, 1, 2, 0],
      ['b/fitting', 0, 1, 2, 3],
      ['b/single', 0, 0, 0, 0],
    ])
  })

  test('are left out', async () => {
    expect(await sample({ shortVideos: 'skip' })).toEqual([...whole, ['b/fitting', 0, 1, 2, 3]])
  })

  test('are an error that names the video and its length', async () => {
    await expect(sample({ shortVideos: 'error' })).rejects.toMatchObject({
      code: 'C3D_INVALID_ARGUMENT',
      message: expect.stringMatching(/a\/short".* 3 frames.* 4\b/),
    })
  })

  test('give one clip, however many are asked for', async () => {
    const single = data.subset(({ path: file }) => file.endsWith('single'))
    for (const mode of ['random', 'uniform', 'dense', 'non-overlapping'] as const)
      expect(await seeClips(single, { ...layout, sampling: { mode, clipsPerVideo: 5 } })).toHaveLength(1)
  })
})

describeWithVideos('frame rates', () => {
  const width = 64
  const height = 48
  let data: VideoDataset
  beforeAll(async () => {
    const file = path.join(folder, 'rates', 'a', 'video.mp4')
    mkdirSync(path.dirname(file), { recursive: true })
    const writer = addon().createVideo(file, { ...plainVideo, width, height, framesPerSecond: 25 })
    for (let i = 0; i < 40; i++) writer.write(new Uint8Array(width * height * 3).fill(20 + 5 * i))
    writer.finish()
    data = await VideoDataset.open(path.join(folder, 'rates'))
  })
  afterAll(() => data.close())

  const clips = async (framesPerSecond: number, temporalStride = 1) => {
    const seen = await seeClips(data, {
      clip: { frames: 8, width: 8, height: 8 },
      preprocessing: { resize: { width: 8, height: 8 }, framesPerSecond, temporalStride },
    })
    return seen.map((clip) => Array.from({ length: 8 }, (_, t) => Math.floor((clip.at(t, 4, 4)[0] - 18) / 5)))
  }

  test('half of it takes every other frame', async () => {
    expect(await clips(12.5)).toEqual([
      [0, 2, 4, 6, 8, 10, 12, 14],
      [16, 18, 20, 22, 24, 26, 28, 30],
    ])
  })

  test('a fraction takes the frame shown at each moment', async () => {
    expect(await clips(10)).toEqual([
      [0, 2, 5, 7, 10, 12, 15, 17],
      [20, 22, 25, 27, 30, 32, 35, 37],
    ])
  })

  test('a higher one shows frames again', async () => {
    expect((await clips(50))[0]).toEqual([0, 0, 1, 1, 2, 2, 3, 3])
    expect(await clips(50)).toHaveLength(10)
  })

  test('times the temporal stride', async () => {
    expect(await clips(12.5, 2)).toEqual([[0, 4, 8, 12, 16, 20, 24, 28]])
  })
})

describe('many videos', () => {
  const videos = Object.fromEntries([
    ...Array.from({ length: 6 }, (_, i) => [`a/${i}`, 17 + i]),
    ['b/0', 18],
    ['b/1', 5],
    ['c/0', 30],
  ])
  let data: VideoDataset
  beforeAll(async () => {
    data = await VideoDataset.open(makeMarkedVideos(path.join(folder, 'many'), videos, size))
  })
  afterAll(() => data.close())

  test('what comes does not depend on threads, prefetching and batch size', async () => {
    const options: ClipLoaderOptions = {
      ...layout,
      shuffle: true,
      sampling: {
        mode: 'random',
        clipsPerVideo: 3,
        crop: 'random',
        flipProbability: 0.5,
        colorJitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.2 },
      },
    }
    const reference = await seeClips(data, options)
    expect(reference).toHaveLength(27)
    for (const [threads, prefetch, batchSize] of [
      [1, 1, 7],
      [4, 3, 7],
      [3, 64, 1],
      [2, 1, 1000],
    ]) {
      const clips = await seeClips(data, { ...options, batchSize, loader: { threads, prefetch } })
      expect(namesOf(clips)).toEqual(namesOf(reference))
      expect(clips.map(({ pixels }) => pixels)).toEqual(reference.map(({ pixels }) => pixels))
    }
  })

  test('a video has the same random clips, whatever the others', async () => {
    const options: ClipLoaderOptions = { ...layout, sampling: { mode: 'random', clipsPerVideo: 5 } }
    const all = await seeClips(data, options)
    const first = await seeClips(
      data.subset((_, i) => i === 0),
      options,
    )
    expect(namesOf(first)).toEqual(namesOf(all).slice(0, 5))
    const starts = (name: string) => startsOf(all.filter(({ video }) => video === name))
    expect(starts('a/5')).not.toEqual(starts('a/4')) // and not those of its neighbour
  })

  describe('balanced classes', () => {
    const balanced = (seed: number, epoch: number) =>
      seeClips(data, { ...layout, seed, sampling: { mode: 'random', balanceClasses: true } }, epoch)

    test('every class as often, an epoch of the same length', async () => {
      const clips = await balanced(1, 1)
      expect(count(clips.map(({ label }) => label))).toEqual(
        new Map([
          [0, 3],
          [1, 3],
          [2, 3],
        ]),
      )
      const times = count(clips.map(({ video }) => video))
      const ofClass = (name: string) => [...times].filter(([video]) => video.startsWith(name))
      expect(ofClass('a').map(([, n]) => n)).toEqual([1, 1, 1])
      expect(
        ofClass('b')
          .map(([, n]) => n)
          .sort(),
      ).toEqual([1, 2])
      expect(times.get('c/0')).toBe(3)
      // Again is not the same again.
      expect(new Set(startsOf(clips.filter(({ video }) => video === 'c/0'))).size).toBeGreaterThan(1)
    })

    test('all videos of a large class take their turn, by epoch and seed', async () => {
      const epochs = []
      for (let epoch = 1; epoch <= 8; epoch++) epochs.push(await balanced(1, epoch))
      expect(new Set(epochs.flat().map(({ video }) => video)).size).toBe(9)
      expect(namesOf(await balanced(1, 1))).toEqual(namesOf(epochs[0] as SeenClip[]))
      expect(namesOf(await balanced(2, 1))).not.toEqual(namesOf(epochs[0] as SeenClip[]))
    })
  })

  describe('shuffled', () => {
    const BATCH = 4
    const shuffled = (shuffle: 'clips' | 'videos', seed = 1, epoch = 1) =>
      seeClips(
        data,
        {
          ...layout,
          seed,
          batchSize: BATCH,
          loader: { prefetch: 2 },
          shuffle: true,
          sampling: { shuffle },
        },
        epoch,
      )
    /** Different videos in each part of the epoch that is decoded together. */
    const variety = (clips: SeenClip[]) => {
      const parts: number[] = []
      for (let i = 0; i < clips.length; i += 2 * BATCH)
        parts.push(new Set(clips.slice(i, i + 2 * BATCH).map(({ video }) => video)).size)
      return parts
    }

    test.each(['clips', 'videos'] as const)(
      '%s: every clip once, in another order each time',
      async (kind) => {
        const plain = namesOf(await seeClips(data, layout))
        const names = namesOf(await shuffled(kind))
        expect([...names].sort()).toEqual([...plain].sort())
        expect(names).not.toEqual(plain)
        expect(namesOf(await shuffled(kind))).toEqual(names)
        expect(namesOf(await shuffled(kind, 1, 2))).not.toEqual(names)
        expect(namesOf(await shuffled(kind, 2))).not.toEqual(names)
      },
    )

    test("'videos' keeps the clips of a video together, 'clips' does not", async () => {
      // Eight clips in a row are of four videos of four or more clips at the most, and b/1, which has one.
      expect(Math.max(...variety(await shuffled('videos')))).toBeLessThanOrEqual(4)
      expect(Math.max(...variety(await shuffled('clips')))).toBeGreaterThan(4)
    })

    test("'videos' mixes the order within what is decoded together", async () => {
      const clips = (await shuffled('videos')).slice(0, 2 * BATCH)
      const changes = clips.filter(({ video }, i) => i > 0 && clips[i - 1]?.video !== video).length
      expect(changes).toBeGreaterThanOrEqual(variety(clips)[0] as number)
    })
  })
})
