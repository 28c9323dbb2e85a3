import { z } from 'zod'
import type { NativePreprocessing } from '../native/binding'
import { choice, expected, finiteNumber, settings, wholeNumber } from './fields'
import { complete, invalid, parse } from './parse'

/**
 * How the frames of a video become the network's input. This profile travels with the weights: a network fed with
 * other channel orders, means or frame rates than it was trained with answers something else.
 */

const mean = finiteNumber({ atLeast: 0, atMost: 255 })

const preprocessingShape = {
  /** Frames are squashed to this size, whatever their aspect ratio; then a crop of the network's input size is taken. */
  resize: settings({ width: wholeNumber({ atLeast: 1 }), height: wholeNumber({ atLeast: 1 }) }),
  channelOrder: choice(['rgb', 'bgr']),
  /** Taken off the pixels, 0 to 255, in channel order. */
  mean: z.tuple([mean, mean, mean], { error: expected('three numbers, one a channel') }),
  /** Multiplies what is left. */
  scale: finiteNumber({ above: 0 }),
  /** Frames from one frame of a clip to the next: 1 takes every frame, 2 every other one. */
  temporalStride: wholeNumber({ atLeast: 1 }),
}

export const preprocessingSchema = settings(preprocessingShape).partial()

/** What the user gives; the preset completes it. */
export type PreprocessingOptions = z.input<typeof preprocessingSchema>
export type Preprocessing = NativePreprocessing & { temporalStride: number }
/** A preset's part: all but the size, which follows from the network's input. */
export type PreprocessingProfile = Omit<Preprocessing, 'resize'>

/**
 * Section 3: frames are resized to 128 high x 171 wide for crops of 112x112. Other crops get frames larger by the
 * same factors.
 */
function resizeFor(input: { height: number; width: number }): Preprocessing['resize'] {
  return {
    width: Math.max(input.width, Math.round((input.width * 171) / 112)),
    height: Math.max(input.height, Math.round((input.height * 128) / 112)),
  }
}

export function resolvePreprocessing(
  options: PreprocessingOptions,
  profile: PreprocessingProfile,
  input: { height: number; width: number },
  root: string,
): Preprocessing {
  const given = parse(preprocessingSchema, options, root)
  const resolved = complete<Preprocessing>({ ...profile, resize: resizeFor(input) }, given)
  const { resize } = resolved
  if (resize.width < input.width || resize.height < input.height)
    throw invalid(
      `${root}.resize`,
      `expected at least the network's input of ${input.width}x${input.height} (width x height), got ${resize.width}x${resize.height}`,
    )
  return resolved
}
