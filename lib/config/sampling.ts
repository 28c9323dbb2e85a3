import { z } from 'zod'
import type { NativeSampling } from '../native/binding'
import { choice, expected, finiteNumber, flag, settings, wholeNumber } from './fields'

/** Which clips of a video an epoch of training shows. */
export const samplingSchema = settings({
  /**
   * 'non-overlapping': every clip, one behind the other. 'random': `clipsPerVideo` of them, starts drawn anew in every
   * epoch. 'uniform': `clipsPerVideo` of them, evenly spread, the same in every epoch.
   */
  mode: choice(['non-overlapping', 'random', 'uniform']),
  /** Not used by 'non-overlapping'. */
  clipsPerVideo: wholeNumber({ atLeast: 1 }),
  /** A window of the network's input size at a random place of the resized frame, one a clip; else the centre. */
  randomCrop: flag(),
  /** Of mirroring a whole clip. Use 0 where left and right matter. */
  flipProbability: finiteNumber({ atLeast: 0, atMost: 1 }),
})

/** Which clips of a video an evaluation looks at: 'all' that do not overlap, or so many, evenly spread. */
export const clipsSchema = z.union([z.literal('all'), wholeNumber({ atLeast: 1 })], {
  error: expected("'all' or a whole number of at least 1"),
})

export type Clips = 'all' | number

/** Centre crops, no flip: section 3.1's test setting. */
export function evaluationSampling(clips: Clips, temporalStride: number): NativeSampling {
  return {
    mode: clips === 'all' ? 'non-overlapping' : 'uniform',
    clipsPerVideo: clips === 'all' ? 1 : clips,
    temporalStride,
    randomCrop: false,
    flipProbability: 0,
  }
}
