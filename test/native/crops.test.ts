import path from 'node:path'
import { type C3D, type ClipLoaderOptions, evaluate, VideoDataset } from '../../lib'
import { makeMarkedVideos, type SeenClip, seeClips } from '../support/marked-videos'
import { pixelModel } from '../support/pixel-model'
import { temporaryFolder } from '../support/temporary'

/** Which window of the resized frames a clip shows. */

const folder = temporaryFolder()
const FRAMES = 2

type Sampling = NonNullable<ClipLoaderOptions['sampling']>
type Resize = NonNullable<ClipLoaderOptions['preprocessing']>['resize']

/** Marked frames of one size, resized to another or left as they are. */
function videosOf(name: string, size: { width: number; height: number }, frames: number) {
  let data: VideoDataset
  beforeAll(async () => {
    data = await VideoDataset.open(makeMarkedVideos(path.join(folder, name), { 'a/video': frames }, size))
  })
  afterAll(() => data.close())
  return {
    data: () => data,
    clips: (side: number, sampling: Sampling, resize: Resize = size) =>
      seeClips(data, {
        clip: { frames: FRAMES, width: side, height: side },
        preprocessing: { resize },
        sampling,
      }),
  }
}

describe('windows of frames', () => {
  const SIDE = 8
  const { clips } = videosOf('small', { width: 12, height: 11 }, FRAMES)

  /** The window's place, after making sure that every pixel of all frames is where it belongs. */
  const placeOf = (clip: SeenClip, flip = false) => {
    const [, x, y] = clip.at(0, 0, flip ? SIDE - 1 : 0)
    const wanted: number[] = []
    for (let t = 0; t < FRAMES; t++)
      for (let row = 0; row < SIDE; row++)
        for (let column = 0; column < SIDE; column++)
          wanted.push(t, x + (flip ? SIDE - 1 - column : column), y + row)
    expect(Buffer.from(clip.pixels).equals(Uint8Array.from(wanted))).toBe(true)
    return `${x},${y}`
  }
  const random = { mode: 'random', clipsPerVideo: 300, crop: 'random' } as const

  test('center: in the middle, half a pixel to the left and up where there is none', async () => {
    expect((await clips(SIDE, {})).map((clip) => placeOf(clip))).toEqual(['2,1'])
  })

  test('random: everywhere that it fits, the same for all frames of a clip', async () => {
    const places = (await clips(SIDE, random)).map((clip) => placeOf(clip))
    const possible = [0, 1, 2, 3, 4].flatMap((x) => [0, 1, 2, 3].map((y) => `${x},${y}`))
    expect([...new Set(places)].sort()).toEqual(possible.sort())
  })

  test('flip: the exact mirror of the same window', async () => {
    const plain = await clips(SIDE, random)
    const mirrored = await clips(SIDE, { ...random, flipProbability: 1 })
    expect(mirrored.map((clip) => placeOf(clip, true))).toEqual(plain.map((clip) => placeOf(clip)))
  })

  test('flip: half of the clips, and never a part of a clip', async () => {
    const seen = await clips(SIDE, { ...random, flipProbability: 0.5 })
    const isFlipped = (clip: SeenClip) => clip.at(0, 0, 0)[1] > clip.at(0, 0, 1)[1]
    for (const clip of seen) placeOf(clip, isFlipped(clip))
    const flipped = seen.filter(isFlipped).length
    expect(flipped).toBeGreaterThan(100)
    expect(flipped).toBeLessThan(200)
  })
})

/** Of a clip of 32x32 pixels: the window that was resized to it, by the slope of the marks. */
function windowOf(clip: SeenClip): { x: number; y: number; width: number; height: number } {
  const SIDE = 32
  const along = (mark: number, at: (i: number) => number[]) => {
    const first = at(2)[mark] as number
    const scale = ((at(30)[mark] as number) - first) / 28
    // Pixel i lies at (i + 0.5) * scale - 0.5 of the window; halves were rounded up.
    return { start: Math.floor(first - 2.5 * scale + 0.8), length: Math.round(scale * SIDE) }
  }
  const across = along(1, (x) => clip.at(0, 16, x))
  const down = along(2, (y) => clip.at(0, y, 16))
  return { x: across.start, y: down.start, width: across.length, height: down.length }
}

describe('windows that are resized', () => {
  const { clips } = videosOf('large', { width: 96, height: 64 }, FRAMES)

  test('multi-scale: sides of the shorter side times a scale, at most one step apart, anywhere', async () => {
    const seen = await clips(32, {
      mode: 'random',
      clipsPerVideo: 200,
      crop: 'multi-scale',
      cropScales: [1, 0.75, 0.5],
    })
    const windows = seen.map(windowOf)
    const shapes = new Set(windows.map(({ width, height }) => `${width}x${height}`))
    expect([...shapes].sort()).toEqual(['32x32', '32x48', '48x32', '48x48', '48x64', '64x48', '64x64'])
    for (const { x, y, width, height } of windows) {
      expect(x).toBeGreaterThanOrEqual(0)
      expect(y).toBeGreaterThanOrEqual(0)
      expect(x + width).toBeLessThanOrEqual(96)
      expect(y + height).toBeLessThanOrEqual(64)
    }
    const smallest = windows.filter(({ width, height }) => width === 32 && height === 32)
    expect(new Set(smallest.map(({ x, y }) => `${x},${y}`)).size).toBeGreaterThan(smallest.length / 2)
    for (const clip of seen) expect(clip.at(1, 16, 16).slice(1)).toEqual(clip.at(0, 16, 16).slice(1))
  })

  test('multi-scale: a flipped window is mirrored after it was resized', async () => {
    const sampling = { mode: 'random', clipsPerVideo: 20, crop: 'multi-scale' } as const
    const plain = await clips(32, sampling)
    const mirrored = await clips(32, { ...sampling, flipProbability: 1 })
    const row = (clip: SeenClip | undefined) => Array.from({ length: 32 }, (_, x) => clip?.at(1, 5, x))
    for (const [i, clip] of plain.entries()) expect(row(mirrored[i])).toEqual(row(clip).reverse())
  })

  test('scaleJitter 2 shows the middle, half as large, at twice the size', async () => {
    const [clip] = await clips(32, { scaleJitter: [2, 2] })
    expect(windowOf(clip as SeenClip)).toEqual({ x: 40, y: 24, width: 16, height: 16 })
  })

  test('scaleJitter below 1 shows more, as far as the frame reaches', async () => {
    const [half] = await clips(32, { scaleJitter: [0.5, 0.5] })
    expect(windowOf(half as SeenClip)).toEqual({ x: 16, y: 0, width: 64, height: 64 })
    const [all] = await clips(32, { scaleJitter: [0.1, 0.1] })
    expect(windowOf(all as SeenClip)).toEqual({ x: 0, y: 0, width: 96, height: 64 })
  })

  test('scaleJitter: many sizes between its two, anywhere with random crops', async () => {
    const seen = await clips(32, {
      mode: 'random',
      clipsPerVideo: 100,
      crop: 'random',
      scaleJitter: [0.8, 1.25],
    })
    const windows = seen.map(windowOf)
    const widths = windows.map(({ width }) => width)
    // 32 / 1.25 to 32 / 0.8, each found within a pixel.
    expect(Math.min(...widths)).toBeGreaterThanOrEqual(25)
    expect(Math.max(...widths)).toBeLessThanOrEqual(41)
    expect(new Set(widths).size).toBeGreaterThan(8)
    expect(new Set(windows.map(({ x }) => x)).size).toBeGreaterThan(20)
  })
})

describe('resized frames', () => {
  const wide = videosOf('wide', { width: 80, height: 40 }, FRAMES)
  const high = videosOf('high', { width: 40, height: 80 }, FRAMES)

  /** Pixels of the video from one pixel of the clip to the next, across and down, and its middle. */
  const scaleOf = ([clip]: SeenClip[]) => {
    const [, left, top] = (clip as SeenClip).at(0, 2, 2)
    const [, right, bottom] = (clip as SeenClip).at(0, 13, 13)
    return {
      across: (right - left) / 11,
      down: (bottom - top) / 11,
      middle: [(left + right) / 2, (top + bottom) / 2],
    }
  }

  test('shortSide keeps the aspect ratio', async () => {
    const shortSide = { shortSide: 20 }
    expect(scaleOf(await wide.clips(16, {}, shortSide))).toEqual({ across: 2, down: 2, middle: [40, 20] })
    expect(scaleOf(await high.clips(16, {}, shortSide))).toEqual({ across: 2, down: 2, middle: [20, 40] })
  })

  test('width and height do not', async () => {
    const squashed = scaleOf(await wide.clips(16, {}, { width: 20, height: 20 }))
    expect(squashed).toEqual({ across: 4, down: 2, middle: [40, 20] })
  })

  test('no larger clip than the frames are is cut', async () => {
    await expect(wide.clips(41, {}, { shortSide: 40 })).rejects.toMatchObject({
      code: 'C3D_INVALID_CONFIG',
      message: expect.stringContaining('41x41'),
    })
  })
})

describe('several crops of a clip', () => {
  const input = { frames: FRAMES, width: 4, height: 4 }
  const wide = { width: 9, height: 6 }
  const high = { width: 6, height: 9 }
  const scale = 0.2
  const corners = [
    [0, 0],
    [5, 0],
    [0, 2],
    [5, 2],
    [2, 1],
  ]
  const cases = [
    { crops: 1, size: wide, places: [[2, 1]], mirrored: false },
    {
      crops: 3,
      size: wide,
      places: [
        [0, 1],
        [2, 1],
        [5, 1],
      ],
      mirrored: false,
    },
    {
      crops: 3,
      size: high,
      places: [
        [1, 0],
        [1, 2],
        [1, 5],
      ],
      mirrored: false,
    },
    { crops: 10, size: wide, places: corners, mirrored: true },
  ] as const

  const softmax = (logits: number[]) => {
    const powers = logits.map(Math.exp)
    const sum = powers.reduce((a, b) => a + b)
    return powers.map((power) => power / sum)
  }
  /** Network input of a window of a marked clip: [3, frames, height, width]. */
  const inputOf = (start: number, x: number, y: number, flip: boolean) =>
    [0, 1, 2].flatMap((channel) =>
      [0, 1].flatMap((t) =>
        [0, 1, 2, 3].flatMap((row) =>
          [0, 1, 2, 3].map((column) => {
            const marks = [start + t, x + (flip ? 3 - column : column), y + row]
            return (marks[channel] as number) * scale
          }),
        ),
      ),
    )
  /** The mean of the windows' probabilities. */
  const expectedOf = (start: number, { places, mirrored }: (typeof cases)[number]) => {
    const answers = (mirrored ? [false, true] : [false]).flatMap((flip) =>
      places.map(([x = 0, y = 0]) => softmax(inputOf(start, x, y, flip))),
    )
    return (answers[0] as number[]).map(
      (_, i) => answers.reduce((sum, answer) => sum + (answer[i] as number), 0) / answers.length,
    )
  }

  test.each(cases)('$crops of $size.width x $size.height: the mean over the windows', async (expected) => {
    const { crops, size } = expected
    const name = `crops-${size.width}`
    const source = makeMarkedVideos(path.join(folder, name), { 'value 7/video': 3 * FRAMES }, size)
    using model: C3D = await pixelModel(input, { resize: size, mean: [0, 0, 0], scale })
    const clips = [0, 2, 4].map((start) => expectedOf(start, expected))
    const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length

    const options = { crops, clips: 'all', batchSize: 4 } as const // 4: windows of a clip in several batches
    const answer = await model.predict(path.join(source, 'value 7', 'video'), options)
    expect(answer.clips.map(({ start }) => start)).toEqual([0, 2, 4])
    const wanted = model.classes.map((_, i) => mean(clips.map((clip) => clip[i] as number)))
    for (const [i, probability] of answer.probabilities.entries())
      expect(probability).toBeCloseTo(wanted[i] as number, 6)

    using data = await VideoDataset.open(source)
    const { loss, clips: scored } = await evaluate(model, data, options)
    expect(scored).toBe(3)
    expect(loss).toBeCloseTo(mean(clips.map((clip) => -Math.log(clip[7] as number))), 4)
  })
})
