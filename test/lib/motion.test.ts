import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { makeMotionVideos } from '../../lib'
import { motionNames, motionScene } from '../../lib/config/motion'
import { DIGIT_SIDE, type Digit, loadDigits } from '../../lib/motion/digits'
import { renderVideo } from '../../lib/motion/make-motion-videos'
import { drawPath, type Pose } from '../../lib/motion/motions'
import { renderFrame, type Scene } from '../../lib/motion/scene'
import { Random } from '../../lib/random'
import { type FakeBinding, fakeBinding } from './fake-binding'

let binding: FakeBinding
jest.mock('../../lib/native/addon', () => ({ addon: () => binding }))
beforeEach(() => {
  binding = fakeBinding()
})

const size = { width: 86, height: 64 }
const block: Digit = new Float32Array(DIGIT_SIDE * DIGIT_SIDE).fill(1)
const plainScene: Scene = { digit: block, ink: [200, 100, 0], paper: [0, 0, 50], noise: 0 }

/** Centre of the ink, on the torus: the angle of its mean on each axis. */
function centreOf(pixels: Uint8Array): { x: number; y: number } {
  const sums = { cx: 0, sx: 0, cy: 0, sy: 0 }
  for (let y = 0; y < size.height; y++)
    for (let x = 0; x < size.width; x++) {
      const ink = pixels[3 * (y * size.width + x)] ?? 0
      const ax = (2 * Math.PI * (x + 0.5)) / size.width
      const ay = (2 * Math.PI * (y + 0.5)) / size.height
      sums.cx += ink * Math.cos(ax)
      sums.sx += ink * Math.sin(ax)
      sums.cy += ink * Math.cos(ay)
      sums.sy += ink * Math.sin(ay)
    }
  const turn = (s: number, c: number) => (Math.atan2(s, c) / (2 * Math.PI) + 1) % 1
  return { x: size.width * turn(sums.sx, sums.cx), y: size.height * turn(sums.sy, sums.cy) }
}

describe('rendering', () => {
  test.each([
    { x: 40.3, y: 30.6, size: 0.5 },
    { x: 0, y: 0, size: 0 },
    { x: 85.9, y: 63.2, size: 1 },
  ])('centres the digit on its pose, wrapped at the edges: %p', (pose) => {
    const { x, y } = centreOf(renderFrame(plainScene, pose, size, new Random(1)))
    expect(x).toBeCloseTo(pose.x % size.width, 1)
    expect(y).toBeCloseTo(pose.y % size.height, 1)
  })

  test('is the same a turn of the torus away', () => {
    const frame = (pose: Pose) => renderFrame(plainScene, pose, size, new Random(1))
    expect(frame({ x: 5 - 2 * size.width, y: 7 + size.height, size: 0.3 })).toEqual(
      frame({ x: 5, y: 7, size: 0.3 }),
    )
  })

  test('covers the area that the size says', () => {
    const [smallest, largest] = motionScene.digitSize
    const inkOf = (place: number) => {
      const pixels = renderFrame(plainScene, { x: 30.2, y: 30.7, size: place }, size, new Random(1))
      return pixels.reduce((sum, value, i) => sum + (i % 3 === 0 ? value / 200 : 0), 0)
    }
    expect(Math.sqrt(inkOf(0))).toBeCloseTo(64 * smallest, 0)
    expect(Math.sqrt(inkOf(1))).toBeCloseTo(64 * largest, 0)
  })
})

describe('motions', () => {
  const between = (a: Pose, b: Pose) => ({ x: b.x - a.x, y: b.y - a.y })

  test.each([
    ['left', -1, 0],
    ['right', 1, 0],
    ['up', 0, -1],
    ['down', 0, 1],
  ] as const)('%s goes there', (motion, dx, dy) => {
    const path = drawPath(motion, size, new Random(3))
    const { x, y } = between(path(0), path(1))
    expect([Math.sign(x) + 0, Math.sign(y) + 0]).toEqual([dx, dy])
    expect(Math.abs(x + y)).toBeGreaterThan(64 * motionScene.speed[0] - 1e-9)
  })

  test.each([
    ['clockwise', 1],
    ['anticlockwise', -1],
  ] as const)('%s turns there (y is downwards)', (motion, direction) => {
    const path = drawPath(motion, size, new Random(3))
    const [a, b] = [between(path(0), path(1)), between(path(1), path(2))]
    expect(Math.sign(a.x * b.y - a.y * b.x)).toBe(direction)
  })

  test.each([
    ['zoom-in', 1],
    ['zoom-out', -1],
  ] as const)('%s changes the size alone', (motion, direction) => {
    const path = drawPath(motion, size, new Random(3))
    expect(between(path(0), path(9))).toEqual({ x: 0, y: 0 })
    expect(Math.sign(path(1).size - path(0).size)).toBe(direction)
    for (let frame = 0; frame < 200; frame++) {
      expect(path(frame).size).toBeGreaterThanOrEqual(0)
      expect(path(frame).size).toBeLessThan(1)
    }
  })

  /** Pearson's statistic of a pose's cell among 8 x 8 x 4 of x, y and size, against all cells being as likely. */
  function chiSquare(poses: Pose[]): number {
    const counts = new Array<number>(8 * 8 * 4).fill(0)
    const cellOf = (turns: number, cells: number) => Math.floor((turns - Math.floor(turns)) * cells)
    for (const { x, y, size: place } of poses) {
      const cell = (cellOf(x / size.width, 8) * 8 + cellOf(y / size.height, 8)) * 4 + cellOf(place, 4)
      counts[cell] = (counts[cell] ?? 0) + 1
    }
    const fair = poses.length / counts.length
    return counts.reduce((sum, count) => sum + (count - fair) ** 2 / fair, 0)
  }

  test.each(motionNames)('%s: the pose in a frame is uniform, so that no frame tells the class', (motion) => {
    const paths = Array.from({ length: 8000 }, (_, i) => drawPath(motion, size, new Random('chi', motion, i)))
    // 255 degrees of freedom: one in a thousand fair draws exceeds 330.5.
    for (const frame of [0, 15, 31]) expect(chiSquare(paths.map((path) => path(frame)))).toBeLessThan(330.5)
  })
})

describe('videos', () => {
  const frames = (motion: 'left' | 'right', ...key: (string | number)[]) => [
    ...renderVideo(motion, [block], { size, frames: 3 }, new Random(...key)),
  ]

  test('are the same for equal seeds, others for others', () => {
    expect(frames('left', 1, 'left', 1)).toEqual(frames('left', 1, 'left', 1))
    expect(frames('left', 1, 'left', 1)).not.toEqual(frames('left', 1, 'left', 2))
    expect(frames('left', 1, 'left', 1)).not.toEqual(frames('left', 2, 'left', 1))
  })

  test('are written class by class', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'c3d-'))
    const written: Record<string, number> = {}
    binding.createVideo = (file) => {
      written[path.relative(folder, file)] = 0
      return {
        write: (pixels) => {
          expect(pixels).toHaveLength(20 * 16 * 3)
          written[path.relative(folder, file)] = (written[path.relative(folder, file)] ?? 0) + 1
        },
        finish: () => {},
      }
    }
    const options = {
      classes: ['up', 'down'],
      videosPerClass: 2,
      frames: 3,
      size: { width: 20, height: 16 },
    } as const
    const files = await makeMotionVideos(path.join(folder), { ...options, classes: [...options.classes] })
    expect(files).toHaveLength(4)
    expect(written).toEqual({
      'up/up-0001.mp4': 3,
      'up/up-0002.mp4': 3,
      'down/down-0001.mp4': 3,
      'down/down-0002.mp4': 3,
    })

    await writeFile(path.join(folder, 'x'), '')
    await expect(makeMotionVideos(folder, { videosPerClass: 1 })).rejects.toMatchObject({ code: 'C3D_FILE' })
    const aborted = makeMotionVideos(folder, { overwrite: true, signal: AbortSignal.abort() })
    await expect(aborted).rejects.toMatchObject({ code: 'C3D_ABORTED' })
    await rm(folder, { recursive: true })
  })

  test('have even sizes', async () => {
    await expect(makeMotionVideos('x', { size: { width: 33, height: 32 } })).rejects.toThrow(
      'at motion.size.width: expected an even whole number (video encoders need one), got 33',
    )
  })

  test('show real digits', async () => {
    const digits = await loadDigits()
    expect(digits.length).toBeGreaterThan(9000)
    for (const digit of [digits[0], digits.at(-1)]) {
      expect(digit).toHaveLength(784)
      expect(Math.max(...(digit ?? []))).toBeLessThanOrEqual(1)
      expect(Math.max(...(digit ?? []))).toBeGreaterThan(0.5)
    }
  })
})
