import * as z from 'zod'
import type { NativePreprocessing } from '../native/binding'
import { choice, expected, finiteNumber, settings, text, wholeNumber } from './fields'
import { complete, invalid, parse } from './parse'

/**
 * How the frames of a video become the network's input. This profile travels with the weights: a network fed with
 * other channel orders, means or frame rates than it was trained with answers something else.
 */

const level = finiteNumber({ atLeast: 0, atMost: 255 })
const side = wholeNumber({ atLeast: 1, atMost: 4096 })

export const resizeSchema = z.union(
  [settings({ width: side, height: side }), settings({ shortSide: side })],
  {
    error: expected('{ width, height } or { shortSide }, whole numbers of 1 to 4096'),
  },
)

const preprocessingShape = {
  /**
   * Frames are squashed to width x height, whatever their aspect ratio, or their shorter side becomes `shortSide` long
   * and the ratio stays; then a crop of the network's input size is taken.
   */
  resize: resizeSchema,
  channelOrder: choice(['rgb', 'bgr']),
  /**
   * Taken off the pixels, 0 to 255: three numbers in channel order; or a cube, one value a channel, frame and place of
   * the whole resized frame, as the path of a .npy file of shape [3, frames, height, width] (`c3d data mean` makes
   * one). In a model that has a cube this reads 'cube', and the values are its tensor `mean_cube`.
   */
  mean: z.union([z.tuple([level, level, level]), text()], {
    error: expected('three numbers of 0 to 255, one a channel, or the path of a .npy file'),
  }),
  /** Multiplies what is left. */
  scale: finiteNumber({ above: 0 }),
  /** Frames from one frame of a clip to the next: 1 takes every frame, 2 every other one. */
  temporalStride: wholeNumber({ atLeast: 1 }),
  /** Frames are taken as from a video of this rate, where a video says its own; null: as they come. */
  framesPerSecond: finiteNumber({ above: 0, atMost: 1000 }).nullable(),
}

export const preprocessingSchema = settings(preprocessingShape).partial()

/** What the user gives; the preset completes it. */
export type PreprocessingOptions = z.input<typeof preprocessingSchema>
export interface Preprocessing {
  resize: { width: number; height: number } | { shortSide: number }
  channelOrder: 'rgb' | 'bgr'
  mean: [number, number, number] | 'cube'
  scale: number
  temporalStride: number
  framesPerSecond: number | null
}
/** A preset's part: all but the size, which follows from the network's input. */
export type PreprocessingProfile = Omit<Preprocessing, 'resize'> & {
  /** Frames keep their aspect; left out: they are squeezed to the size of section 3. */
  shortSide?: true
}

export interface InputSize {
  height: number
  width: number
}

/**
 * Section 3: frames are resized to 128 high x 171 wide for crops of 112x112. Other crops get frames larger by the
 * same factors.
 */
function resizeFor(input: InputSize, shortSide = false): Preprocessing['resize'] {
  if (shortSide) return { shortSide: Math.round((Math.max(input.width, input.height) * 128) / 112) }
  return {
    width: Math.max(input.width, Math.round((input.width * 171) / 112)),
    height: Math.max(input.height, Math.round((input.height * 128) / 112)),
  }
}

/** `meanFile`: of the cube, where the mean is one that is still to be read. */
export interface ResolvedPreprocessing {
  preprocessing: Preprocessing
  meanFile: string | undefined
}

export function resolvePreprocessing(
  options: PreprocessingOptions,
  { shortSide, ...profile }: PreprocessingProfile,
  input: InputSize,
  root: string,
): ResolvedPreprocessing {
  const { mean: given, ...rest } = parse(preprocessingSchema, options, root)
  const mean = typeof given === 'string' ? ('cube' as const) : given
  const preprocessing = complete<Preprocessing>(
    { ...profile, resize: resizeFor(input, shortSide) },
    { ...rest, ...(mean && { mean }) },
  )
  requireRoom(preprocessing.resize, input, root)
  if (preprocessing.mean === 'cube' && 'shortSide' in preprocessing.resize)
    throw invalid(
      `${root}.resize`,
      'a mean cube needs frames of one size, so expected { width, height }, got { shortSide }',
    )
  return { preprocessing, meanFile: typeof given === 'string' && given !== 'cube' ? given : undefined }
}

function requireRoom(resize: Preprocessing['resize'], input: InputSize, root: string): void {
  const [width, height] =
    'shortSide' in resize ? [resize.shortSide, resize.shortSide] : [resize.width, resize.height]
  if (width < input.width || height < input.height)
    throw invalid(
      `${root}.resize`,
      `expected at least the network's input of ${input.width}x${input.height} (width x height), got ${width}x${height}`,
    )
}

/** What the addon takes; stride and frame rate are part of the sampling there. */
export function nativePreprocessing({
  resize,
  temporalStride: _stride,
  framesPerSecond: _rate,
  ...same
}: Preprocessing): NativePreprocessing {
  return { ...same, resize: nativeResize(resize) }
}

export function nativeResize(resize: Preprocessing['resize']): NativePreprocessing['resize'] {
  return { width: 0, height: 0, shortSide: 0, ...resize }
}
