import { type MotionName, motionScene } from '../config/motion'
import type { Random } from '../random'

/**
 * How the motions are made so that no single frame tells them apart.
 *
 * The digit moves on a torus: what leaves the frame on one side comes in on the other. The place of a straight motion
 * at frame t is p0 + t * v, with p0 uniform on the torus; adding a constant to a uniform point of a torus gives a
 * uniform point again, so at every t the place is uniform, whatever the direction and the speed. The place of a
 * circular motion is c + r * (cos a(t), sin a(t)), with c uniform on the torus: uniform again, by the same argument.
 * A zoom turns the place of the size on a circle from the smallest to the largest size (and over again), from a
 * uniform start. Everything else (digit, colours, noise) is drawn alike for all motions. So the distribution of any
 * one frame is exactly the same for every class, and a network that looks at single frames can only guess. Only the
 * encoder, which comes behind, may treat moving pictures differently.
 */

/** Where the digit is: its centre in pixels, anywhere on the plane (it wraps), and its place among the sizes, 0 to 1. */
export interface Pose {
  x: number
  y: number
  size: number
}

export type Path = (frame: number) => Pose

export interface FrameSize {
  width: number
  height: number
}

/** Draws one video's path. The axes are a picture's: x to the right, y downwards. */
export function drawPath(motion: MotionName, { width, height }: FrameSize, random: Random): Path {
  const side = Math.min(width, height)
  const x = random.between(0, width)
  const y = random.between(0, height)
  const size = random.next()
  const speed = side * random.between(...motionScene.speed)
  const radius = side * random.between(...motionScene.radius)
  const angle = random.between(0, 2 * Math.PI)
  const zoom = random.between(...motionScene.zoom)

  const straight =
    (dx: number, dy: number): Path =>
    (frame) => ({ x: x + frame * speed * dx, y: y + frame * speed * dy, size })
  // With y downwards a growing angle turns clockwise as seen.
  const circular =
    (direction: 1 | -1): Path =>
    (frame) => {
      const a = angle + (direction * frame * speed) / radius
      return { x: x + radius * Math.cos(a), y: y + radius * Math.sin(a), size }
    }
  const zooming =
    (direction: 1 | -1): Path =>
    (frame) => ({ x, y, size: fraction(size + direction * frame * zoom) })

  switch (motion) {
    case 'left':
      return straight(-1, 0)
    case 'right':
      return straight(1, 0)
    case 'up':
      return straight(0, -1)
    case 'down':
      return straight(0, 1)
    case 'clockwise':
      return circular(1)
    case 'anticlockwise':
      return circular(-1)
    case 'zoom-in':
      return zooming(1)
    case 'zoom-out':
      return zooming(-1)
  }
}

function fraction(value: number): number {
  return value - Math.floor(value)
}
