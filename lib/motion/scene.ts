import { motionScene } from '../config/motion'
import type { Random } from '../random'
import { DIGIT_SIDE, type Digit } from './digits'
import type { FrameSize, Pose } from './motions'

type Colour = [number, number, number]

/** Everything that a video shows but for its motion; drawn alike for every class. */
export interface Scene {
  digit: Digit
  ink: Colour
  paper: Colour
  /** Largest deviation of a pixel, in grey levels. */
  noise: number
}

export function drawScene(digits: readonly Digit[], random: Random): Scene {
  const digit = digits[random.below(digits.length)] as Digit
  const paper = drawColour(motionScene.paper, random)
  const ink = drawColour(motionScene.ink, random)
  return { digit, ink, paper, noise: random.between(...motionScene.noise) }
}

function drawColour(range: readonly [number, number], random: Random): Colour {
  const level = random.between(...range)
  const channel = () => level + random.between(-motionScene.tint, motionScene.tint)
  return [channel(), channel(), channel()]
}

/** One frame, RGB, uint8 [height, width, 3]. */
export function renderFrame(scene: Scene, pose: Pose, frame: FrameSize, random: Random): Uint8Array {
  const coverage = renderDigit(scene.digit, pose, frame)
  const pixels = new Uint8Array(coverage.length * 3)
  for (let i = 0; i < coverage.length; i++) {
    const ink = coverage[i] ?? 0
    const noise = scene.noise * (2 * random.next() - 1)
    for (let channel = 0; channel < 3; channel++) {
      const paper = scene.paper[channel] ?? 0
      const value = paper + ((scene.ink[channel] ?? 0) - paper) * ink + noise
      pixels[3 * i + channel] = Math.max(0, Math.min(255, Math.round(value)))
    }
  }
  return pixels
}

/** How much of each pixel is ink, 0 to 1: the digit enlarged bilinearly, wrapped at the frame's edges. */
function renderDigit(digit: Digit, pose: Pose, { width, height }: FrameSize): Float32Array {
  const coverage = new Float32Array(width * height)
  const [smallest, largest] = motionScene.digitSize
  const side = Math.min(width, height) * smallest * (largest / smallest) ** pose.size
  const left = pose.x - side / 2
  const top = pose.y - side / 2
  const perPixel = DIGIT_SIDE / side
  // Pixel centres lie at halves; bilinear sampling reaches one digit pixel beyond the digit's edge.
  for (let y = Math.floor(top - perPixel); y <= top + side + perPixel; y++)
    for (let x = Math.floor(left - perPixel); x <= left + side + perPixel; x++) {
      const ink = sample(digit, (x + 0.5 - left) * perPixel - 0.5, (y + 0.5 - top) * perPixel - 0.5)
      if (ink > 0) coverage[wrap(y, height) * width + wrap(x, width)] = ink
    }
  return coverage
}

/** Bilinear; nothing but paper beyond the edges. */
function sample(digit: Digit, x: number, y: number): number {
  const column = Math.floor(x)
  const row = Math.floor(y)
  const right = x - column
  const lower = y - row
  return (
    (1 - lower) * ((1 - right) * value(digit, column, row) + right * value(digit, column + 1, row)) +
    lower * ((1 - right) * value(digit, column, row + 1) + right * value(digit, column + 1, row + 1))
  )
}

function value(digit: Digit, column: number, row: number): number {
  const inside = column >= 0 && column < DIGIT_SIDE && row >= 0 && row < DIGIT_SIDE
  return inside ? (digit[row * DIGIT_SIDE + column] ?? 0) : 0
}

function wrap(place: number, size: number): number {
  return ((place % size) + size) % size
}
