import * as z from 'zod'
import type { NativeVideoWriterOptions } from '../native/binding'
import {
  abortSignal,
  callback,
  choice,
  expected,
  finiteNumber,
  flag,
  seed,
  settings,
  wholeNumber,
} from './fields'

export const motionNames = [
  'left',
  'right',
  'up',
  'down',
  'clockwise',
  'anticlockwise',
  'zoom-in',
  'zoom-out',
] as const

export type MotionName = (typeof motionNames)[number]

/** Each the other one seen backwards in time. */
export const reverseMotions: readonly [MotionName, MotionName][] = [
  ['left', 'right'],
  ['up', 'down'],
  ['clockwise', 'anticlockwise'],
  ['zoom-in', 'zoom-out'],
]

const evenSize = () =>
  wholeNumber({ atLeast: 16 }).multipleOf(2, {
    error: expected('an even whole number (video encoders need one)'),
  })

export const motionSchema = settings({
  classes: z
    .array(choice(motionNames), { error: expected('a list of motions') })
    .min(1, { error: expected('at least one motion') })
    .default(['left', 'right', 'up', 'down', 'clockwise', 'anticlockwise']),
  videosPerClass: wholeNumber({ atLeast: 1, atMost: 9999 }).default(100),
  /** Two clips of 16 frames. */
  frames: wholeNumber({ atLeast: 1 }).default(32),
  /** The paper's 171x128 for crops of 112x112, scaled to crops of 56x56; small, so that it encodes and trains fast. */
  size: settings({ width: evenSize(), height: evenSize() }).default({ width: 86, height: 64 }),
  framesPerSecond: finiteNumber({ above: 0, atMost: 240 }).default(25),
  seed: seed().default(1),
  /** Whether to write to a folder that is not empty. */
  overwrite: flag().default(false),
  signal: abortSignal().optional(),
  onProgress: callback<(progress: { done: number; total: number }) => void>().optional(),
})

/** What every player, and every FFmpeg, can read. */
export const motionFile = {
  ticksPerSecond: 0,
  container: 'mp4',
  encoder: '',
  pixelFormat: 'yuv420p',
  encoderSettings: {},
  containerSettings: {},
  matrix: 'bt601',
  fullRange: false,
  rotation: 0,
} satisfies Partial<NativeVideoWriterOptions>

export type MotionOptions = z.input<typeof motionSchema>

/** How the scenes vary; lengths are parts of the frame's smaller side. */
export const motionScene = {
  /** Side of the digit, drawn log-uniformly. */
  digitSize: [0.4, 0.6],
  /** Of the moving digit, a frame: at 64 pixels, 2.6 to 4.5 pixels. */
  speed: [0.04, 0.07],
  /** Of a circle: small enough that a clip of 16 frames sees at least half a turn. */
  radius: [0.1, 0.16],
  /** Whole enlargements a frame, from the smallest size to the largest. */
  zoom: [1 / 48, 1 / 24],
  /** Grey levels of the background and of the digit on it. */
  paper: [0, 40],
  ink: [190, 255],
  /** How far each colour channel may be from that level. */
  tint: 30,
  /** Largest noise, in grey levels up and down; each video draws its own. */
  noise: [0, 6],
} as const
