import path from 'node:path'
import { countFrames, readPictures } from '../support/frames'
import { temporaryFolder } from '../support/temporary'
import { describeWithVideos, missingEncoder, type VideoOptions, writeVideo } from '../support/videos'

const COLORS = [
  [30, 30, 30],
  [225, 225, 225],
  [200, 60, 50],
  [60, 180, 70],
  [50, 70, 210],
  [210, 190, 60],
  [60, 190, 200],
  [190, 70, 180],
] as const

const COLUMNS = 4
const ROWS = COLORS.length / COLUMNS

/** Middles of the fields of one colour each, and where the fields end. */
const fieldOf = (x: number, y: number, width: number, height: number) =>
  Math.floor((y * ROWS) / height) * COLUMNS + Math.floor((x * COLUMNS) / width)

function colorFields(width: number, height: number): Uint8Array {
  const picture = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      picture.set(COLORS[fieldOf(x, y, width, height)] ?? [], (y * width + x) * 3)
  return picture
}

/** The largest difference from the true colours in the middles of the fields. */
function largestError(picture: Uint8Array, width: number, height: number): number {
  let largest = 0
  COLORS.forEach((color, field) => {
    const x = Math.floor((((field % COLUMNS) + 0.5) * width) / COLUMNS)
    const y = Math.floor(((Math.floor(field / COLUMNS) + 0.5) * height) / ROWS)
    color.forEach((value, channel) => {
      const error = Math.abs((picture[(y * width + x) * 3 + channel] ?? 0) - value)
      largest = Math.max(largest, error)
    })
  })
  return largest
}

type Colors = Omit<VideoOptions, 'width' | 'height'> & {
  ending: string
  width?: number
  height?: number
  tolerance: number
}

const ffv1 = { ending: 'mkv', container: 'matroska', encoder: 'ffv1', tolerance: 3 }
const x264 = { ending: 'mp4', encoder: 'libx264', encoderSettings: { qp: '1' }, tolerance: 3 }
const vp9 = {
  ending: 'webm',
  container: 'webm',
  encoder: 'libvpx-vp9',
  encoderSettings: { lossless: '1', 'cpu-used': '8' },
  tolerance: 3,
}

/** Grey levels by which a colour may be off: the rounding of YUV to 8 bits and back, and what the encoder loses. */
const colors: Record<string, Colors> = {
  'YUV 4:2:0, BT.601': { ...ffv1, pixelFormat: 'yuv420p' },
  'YUV 4:2:0, BT.709': { ...ffv1, pixelFormat: 'yuv420p', matrix: 'bt709' },
  'YUV 4:2:0, full range': { ...ffv1, pixelFormat: 'yuv420p', fullRange: true },
  'YUV 4:2:0, BT.709, full range': { ...ffv1, pixelFormat: 'yuv420p', matrix: 'bt709', fullRange: true },
  'YUV 4:2:2': { ...ffv1, pixelFormat: 'yuv422p' },
  'YUV 4:4:4': { ...ffv1, pixelFormat: 'yuv444p' },
  'YUV 4:4:4, BT.709': { ...ffv1, pixelFormat: 'yuv444p', matrix: 'bt709' },
  'YUV 4:1:0': { ...ffv1, pixelFormat: 'yuv410p' },
  '10 bits, 4:2:0': { ...ffv1, pixelFormat: 'yuv420p10le' },
  '10 bits, 4:2:2, BT.709': { ...ffv1, pixelFormat: 'yuv422p10le', matrix: 'bt709' },
  '12 bits, 4:4:4': { ...ffv1, pixelFormat: 'yuv444p12le' },
  '10 bits, full range': { ...ffv1, pixelFormat: 'yuv420p10le', fullRange: true },
  RGB: { ...ffv1, pixelFormat: 'bgr0', tolerance: 0 },
  'RGB with alpha': { ...ffv1, pixelFormat: 'bgra', tolerance: 0 },
  'odd sizes, 4:2:0': { ...ffv1, pixelFormat: 'yuv420p', width: 63, height: 47 },
  'odd sizes, 4:4:4': { ...ffv1, pixelFormat: 'yuv444p', width: 63, height: 47 },
  'odd sizes, RGB': { ...ffv1, pixelFormat: 'bgr0', width: 63, height: 47, tolerance: 0 },
  'odd sizes, 10 bits, 4:2:2': { ...ffv1, pixelFormat: 'yuv422p10le', width: 61, height: 45 },
  'H.264, BT.601': { ...x264, pixelFormat: 'yuv420p' },
  'H.264, BT.709': { ...x264, pixelFormat: 'yuv420p', matrix: 'bt709' },
  'H.264, full range': { ...x264, pixelFormat: 'yuvj420p', fullRange: true },
  'H.264, 4:4:4': { ...x264, pixelFormat: 'yuv444p' },
  'H.264, 10 bits': { ...x264, pixelFormat: 'yuv420p10le', matrix: 'bt709' },
  'H.264, 4:4:4, odd sizes': { ...x264, pixelFormat: 'yuv444p', width: 63, height: 47 },
  'VP9, BT.709': { ...vp9, pixelFormat: 'yuv420p', matrix: 'bt709' },
  'VP9, full range': { ...vp9, pixelFormat: 'yuv420p', fullRange: true },
  'VP9, odd sizes': { ...vp9, pixelFormat: 'yuv420p', width: 63, height: 47 },
  'MPEG-4, odd sizes': {
    ending: 'avi',
    container: 'avi',
    encoder: 'mpeg4',
    encoderSettings: { flags: '+qscale', global_quality: '118' },
    pixelFormat: 'yuv420p',
    width: 63,
    height: 47,
    tolerance: 4,
  },
  MJPEG: {
    ending: 'avi',
    container: 'avi',
    encoder: 'mjpeg',
    encoderSettings: { flags: '+qscale', global_quality: '118' },
    pixelFormat: 'yuvj420p',
    fullRange: true,
    tolerance: 4,
  },
}

describeWithVideos('colours', () => {
  const folder = temporaryFolder()

  for (const [name, { ending, tolerance, width = 64, height = 48, ...options }] of Object.entries(colors)) {
    const missing = missingEncoder(options)
    const run = missing ? test.skip : test
    run(missing ? `${name} (skipped: ${missing})` : `${name}: within ${tolerance} of the truth`, async () => {
      const file = path.join(folder, `${name.replaceAll(/\W+/g, '-')}.${ending}`)
      const picture = colorFields(width, height)
      writeVideo(file, { width, height, ...options }, [picture, picture, picture])
      const video = await countFrames(file)
      expect(video.info).toMatchObject({ frames: 3, width, height })
      const [, read] = await readPictures(video, [0, 1])
      expect(largestError(read as Buffer, width, height)).toBeLessThanOrEqual(tolerance)
    })
  }

  test('BGR is RGB the other way round', async () => {
    const file = path.join(folder, 'order.mp4')
    writeVideo(file, { width: 64, height: 48 }, [colorFields(64, 48)])
    const video = await countFrames(file)
    const [rgb] = await readPictures(video, [0])
    const [bgr] = await readPictures(video, [0], { channelOrder: 'bgr' })
    expect(bgr?.map((_, i, all) => all[i + 2 - 2 * (i % 3)] ?? 0)).toEqual(rgb)
  })
})

describeWithVideos('rotation', () => {
  const folder = temporaryFolder()
  const CORNERS = ['red', 'green', 'blue', 'white'] as const
  const INKS = { red: [200, 40, 40], green: [40, 200, 40], blue: [40, 40, 200], white: [220, 220, 220] }

  /** From the top left, clockwise: red, green, blue, white. */
  function corners(width: number, height: number): Uint8Array {
    const picture = new Uint8Array(width * height * 3)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const right = x >= width / 2
        const corner = CORNERS[y < height / 2 ? Number(right) : 3 - Number(right)] ?? 'red'
        picture.set(INKS[corner], (y * width + x) * 3)
      }
    return picture
  }

  function cornersOf(picture: Uint8Array, width: number, height: number): string[] {
    const places = [
      [0.25, 0.25],
      [0.75, 0.25],
      [0.75, 0.75],
      [0.25, 0.75],
    ] as const
    return places.map(([x, y]) => {
      const at = (Math.floor(y * height) * width + Math.floor(x * width)) * 3
      const near = (ink: number[]) => ink.every((value, i) => Math.abs((picture[at + i] ?? 0) - value) < 20)
      return CORNERS.find((corner) => near(INKS[corner])) ?? 'none'
    })
  }

  test.each([
    [0, ['red', 'green', 'blue', 'white']],
    [90, ['white', 'red', 'green', 'blue']],
    [180, ['blue', 'white', 'red', 'green']],
    [270, ['green', 'blue', 'white', 'red']],
  ] as const)('%i degrees clockwise', async (rotation, expected) => {
    const file = path.join(folder, `${rotation}.mp4`)
    writeVideo(file, { width: 64, height: 48, rotation }, Array(3).fill(corners(64, 48)))
    const video = await countFrames(file)
    const upright = rotation % 180 === 0
    const [width, height] = upright ? [64, 48] : [48, 64]
    expect(video.info).toMatchObject({ frames: 3, width, height })
    const [own] = await readPictures(video, [2])
    expect(cornersOf(own as Buffer, width, height)).toEqual(expected)
    const [resized] = await readPictures(video, [2], { width: 40, height: 30 })
    expect(cornersOf(resized as Buffer, 40, 30)).toEqual(expected)
  })
})
