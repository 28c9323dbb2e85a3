import path from 'node:path'
import { type ClipLoaderOptions, VideoDataset } from '../../lib'
import { makeFrameFolders } from '../support/frame-folders'
import { makeFrameFolder, type SeenClip, seeClips } from '../support/marked-videos'
import { temporaryFolder } from '../support/temporary'

/** Changes of colour. Which factor was drawn is not told, so one is looked for that explains every value. */

const folder = temporaryFolder()
const size = { width: 10, height: 8 }
const FRAMES = 3

type Jitter = NonNullable<NonNullable<ClipLoaderOptions['sampling']>['colorJitter']>
const none: Jitter = { brightness: 0, contrast: 0, saturation: 0, hue: 0 }

let data: VideoDataset
beforeAll(async () => {
  // Every value from 0 to 255 comes, so that some are clamped.
  const { folder: source } = makeFrameFolders(path.join(folder, 'random'), {
    classes: 1,
    videos: 20,
    frames: FRAMES,
    ...size,
  })
  data = await VideoDataset.open(source)
})
afterAll(() => data.close())

const clipsOf = (
  videos: VideoDataset,
  jitter: Partial<Jitter>,
  channelOrder: 'rgb' | 'bgr' = 'rgb',
  epoch = 1,
) =>
  seeClips(
    videos,
    {
      clip: { frames: FRAMES, ...size },
      preprocessing: { resize: size, channelOrder },
      sampling: { colorJitter: { ...none, ...jitter } },
    },
    epoch,
  )

const greyOf = (red: number, green: number, blue: number) => 0.299 * red + 0.587 * green + 0.114 * blue

/** Of every value of the clip, the grey of its pixel. */
function greysOf({ pixels }: SeenClip): number[] {
  return Array.from(pixels, (_, i) => {
    const first = i - (i % 3)
    return greyOf(pixels[first] as number, pixels[first + 1] as number, pixels[first + 2] as number)
  })
}

/**
 * The factors f for which every value is round(centre + f * (value - centre)), limited to 0 and 255, as an interval.
 */
function factorsOf(before: SeenClip, after: SeenClip, centres: (i: number) => number): [number, number] {
  let [lowest, highest] = [-Infinity, Infinity]
  before.pixels.forEach((value, i) => {
    const centre = centres(i)
    const distance = value - centre
    const result = after.pixels[i] as number
    const slack = 0.501 // rounding, and float32 arithmetic
    const from = result === 0 ? -Infinity : result - slack - centre
    const to = result === 255 ? Infinity : result + slack - centre
    if (Math.abs(distance) < 1e-6) return
    const [a, b] = [from / distance, to / distance].sort((x, y) => x - y) as [number, number]
    lowest = Math.max(lowest, a)
    highest = Math.min(highest, b)
  })
  return [lowest, highest]
}

describe('one factor explains all values of a clip', () => {
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length
  const centresOf = {
    brightness: () => () => 0,
    contrast: (clip: SeenClip) => {
      const grey = mean(greysOf(clip))
      return () => grey
    },
    saturation: (clip: SeenClip) => {
      const greys = greysOf(clip)
      return (i: number) => greys[i] as number
    },
  }

  test.each(['brightness', 'contrast', 'saturation'] as const)('%s', async (kind) => {
    const plain = await clipsOf(data, {})
    const changed = await clipsOf(data, { [kind]: 0.6 })
    const factors = changed.map((clip, i) => {
      const before = plain[i] as SeenClip
      const [lowest, highest] = factorsOf(before, clip, centresOf[kind](before))
      expect(lowest).toBeLessThanOrEqual(highest)
      return (lowest + highest) / 2
    })
    expect(Math.min(...factors)).toBeGreaterThanOrEqual(0.399)
    expect(Math.max(...factors)).toBeLessThanOrEqual(1.601)
    // Of 20 drawn uniformly: on both sides, no two the same.
    expect(Math.min(...factors)).toBeLessThan(0.8)
    expect(Math.max(...factors)).toBeGreaterThan(1.2)
    expect(new Set(factors.map((factor) => factor.toFixed(3))).size).toBeGreaterThan(15)
  })

  test('and no wrong one does', async () => {
    const [before] = await clipsOf(data, {})
    const [after] = await clipsOf(data, { contrast: 0.6 })
    const [lowest, highest] = factorsOf(before as SeenClip, after as SeenClip, () => 0)
    expect(lowest).toBeGreaterThan(highest)
  })
})

describe('hue', () => {
  const open = async (name: string, colour: Parameters<typeof makeFrameFolder>[2]) => {
    const source = path.join(folder, name)
    for (let video = 0; video < 6; video++)
      makeFrameFolder(path.join(source, 'a', `${video}`), { frames: FRAMES, ...size }, colour)
    return VideoDataset.open(source)
  }

  test('grey stays grey', async () => {
    using greys = await open('grey', (frame, x, y) => {
      const level = 80 * frame + 8 * x + y
      return [level, level, level]
    })
    const pixels = (clips: SeenClip[]) => clips.map((clip) => clip.pixels)
    expect(pixels(await clipsOf(greys, { hue: 0.5 }))).toEqual(pixels(await clipsOf(greys, {})))
  })

  test('colours turn about grey, all of a clip by the same angle, their sum and strength kept', async () => {
    using colours = await open('colours', (frame, x, y) => [100 + 20 * frame, 90 + 7 * x, 100 + 7 * y])
    /** A pixel's colour without its grey. */
    const chroma = (pixel: number[]) => {
      const [red = 0, green = 0, blue = 0] = pixel
      const across = red - (green + blue) / 2
      const up = ((green - blue) * Math.sqrt(3)) / 2
      return { sum: red + green + blue, strength: Math.hypot(across, up), angle: Math.atan2(up, across) }
    }
    const plain = await clipsOf(colours, {})
    const changed = await clipsOf(colours, { hue: 0.5 })
    const turns = changed.map((clip, i) => {
      const angles: number[] = []
      for (let place = 0; place < clip.pixels.length; place += 3) {
        const before = chroma([...(plain[i] as SeenClip).pixels.subarray(place, place + 3)])
        const after = chroma([...clip.pixels.subarray(place, place + 3)])
        expect(Math.abs(after.sum - before.sum)).toBeLessThanOrEqual(1.5)
        expect(Math.abs(after.strength - before.strength)).toBeLessThanOrEqual(1)
        if (before.strength > 30) angles.push(after.angle - before.angle)
      }
      expect(angles.length).toBeGreaterThan(20)
      const [first = 0] = angles
      for (const angle of angles) expect(Math.cos(angle - first)).toBeGreaterThan(Math.cos(0.08))
      return Math.cos(first)
    })
    expect(new Set(turns.map((turn) => turn.toFixed(2))).size).toBeGreaterThan(3)
    expect(Math.min(...turns)).toBeLessThan(0) // up to half a turn
  })
})

test('channels in the order of BGR change as those in the order of RGB do', async () => {
  for (const jitter of [{}, { brightness: 0.5, contrast: 0.5, saturation: 0.5, hue: 0.5 }]) {
    const rgb = await clipsOf(data, jitter)
    const bgr = await clipsOf(data, jitter, 'bgr')
    for (const [i, { pixels }] of bgr.entries()) {
      const turned = pixels.map((_, place) => pixels[place + 2 - 2 * (place % 3)] as number)
      const differences = turned.map((value, place) => Math.abs(value - (rgb[i]?.pixels[place] as number)))
      // The sums are of the same numbers in another order.
      expect(Math.max(...differences)).toBeLessThanOrEqual('hue' in jitter ? 1 : 0)
    }
  }
})

test('another epoch, another change; the same epoch, the same', async () => {
  const pixels = async (epoch: number) =>
    (await clipsOf(data, { brightness: 0.5 }, 'rgb', epoch)).map((clip) => clip.pixels)
  const first = await pixels(1)
  expect(await pixels(1)).toEqual(first)
  expect(await pixels(2)).not.toEqual(first)
})
