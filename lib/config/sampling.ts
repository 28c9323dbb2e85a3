import * as z from 'zod'
import type { NativeSampling } from '../native/binding'
import { choice, expected, finiteNumber, flag, settings, wholeNumber } from './fields'
import { invalid } from './parse'
import type { Preprocessing } from './preprocessing'

const scale = finiteNumber({ above: 0, atMost: 1 })
const factor = finiteNumber({ above: 0, atMost: 10 })
const jitter = finiteNumber({ atLeast: 0, atMost: 1 }).default(0)

export const samplingModes = ['non-overlapping', 'dense', 'random', 'uniform'] as const

/** Which clips of a video an epoch shows, and how they are changed. Random choices are made once a clip. */
export const samplingSchema = settings({
  /**
   * 'non-overlapping': every clip, one behind the other. 'dense': a clip every `clipStride` frames. 'random':
   * `clipsPerVideo` of them, starts drawn anew in every epoch. 'uniform': `clipsPerVideo` of them, evenly spread, the
   * same in every epoch.
   */
  mode: choice(samplingModes),
  /** For 'random' and 'uniform'. */
  clipsPerVideo: wholeNumber({ atLeast: 1 }),
  /** For 'dense': frames of the video from one clip's start to the next one's. */
  clipStride: wholeNumber({ atLeast: 1 }),
  /** What becomes of a video with fewer frames than a clip spans. */
  shortVideos: choice(['repeat-last', 'loop', 'skip', 'error']),
  /**
   * Which window of the resized frame: 'center'; 'random', anywhere; 'multi-scale', sides drawn from `cropScales` of
   * the frame's shorter side, resized to the input's size (Wang et al., ECCV 2016).
   */
  crop: choice(['center', 'random', 'multi-scale']),
  cropScales: z
    .array(scale, { error: expected('a list of numbers above 0 and at most 1') })
    .min(1, { error: expected('at least one scale') }),
  /** For 'center' and 'random': the frame is enlarged by a factor drawn from these two; [1, 1] leaves it. */
  scaleJitter: z
    .tuple([factor, factor], { error: expected('two numbers, the smallest and the largest factor') })
    .refine(([smallest, largest]) => smallest <= largest, {
      error: expected('two numbers, the smaller one first'),
    }),
  /** Of mirroring a clip. Use 0 where left and right matter. */
  flipProbability: finiteNumber({ atLeast: 0, atMost: 1 }),
  /** Largest changes, 0 for none, as in torchvision's ColorJitter: factors of 1 - x to 1 + x, hue of -x to x turns. */
  colorJitter: settings({
    brightness: jitter,
    contrast: jitter,
    saturation: jitter,
    hue: finiteNumber({ atLeast: 0, atMost: 0.5 }).default(0),
  }),
  /** Shows every class as often: videos of small classes several times, of large ones a part, drawn anew every epoch. */
  balanceClasses: flag(),
  /**
   * 'clips': all clips in a random order. 'videos': clips of a video stay near each other, so that the video is opened
   * once for them; batches are less varied then.
   */
  shuffle: choice(['clips', 'videos']),
})

export type Sampling = z.output<typeof samplingSchema>

/** A clip as it is: the middle of the frame, nothing random. What presets and evaluations start from. */
export const plainSampling: Sampling = {
  mode: 'non-overlapping',
  clipsPerVideo: 1,
  clipStride: 8, // section 4 of the paper overlaps clips of 16 frames by 8
  shortVideos: 'repeat-last',
  crop: 'center',
  cropScales: [1, 0.875, 0.75, 0.66], // Wang et al., Temporal Segment Networks, ECCV 2016, section 3.2
  scaleJitter: [1, 1],
  flipProbability: 0,
  colorJitter: { brightness: 0, contrast: 0, saturation: 0, hue: 0 },
  balanceClasses: false,
  shuffle: 'clips',
}

/** Which clips of a video an evaluation looks at: 'all' that do not overlap, or so many, evenly spread. */
export const clipsSchema = z.union([z.literal('all'), wholeNumber({ atLeast: 1 })], {
  error: expected("'all' or a whole number of at least 1"),
})

export type Clips = 'all' | number

/** Windows of a clip that an evaluation averages over: the centre; both ends and the centre; corners, centre, mirrored. */
export const cropsSchema = z.union([z.literal(1), z.literal(3), z.literal(10)], {
  error: expected('1, 3 or 10'),
})

export type Crops = z.output<typeof cropsSchema>

type Order = Pick<NativeSampling, 'shuffle' | 'shuffleBlock'>

const asListed: Order = { shuffle: false, shuffleBlock: 0 }

/** Section 3.1's test setting: centre crops, no flip; or more crops. */
export function evaluationSampling(clips: Clips, crops: Crops, preprocessing: Preprocessing): NativeSampling {
  const chosen: Sampling = {
    ...plainSampling,
    mode: clips === 'all' ? 'non-overlapping' : 'uniform',
    clipsPerVideo: clips === 'all' ? 1 : clips,
  }
  const crop = ({ 1: 'center', 3: 'three', 10: 'ten' } as const)[crops]
  return { ...nativeSampling(chosen, preprocessing, asListed), crop }
}

/**
 * What the addon takes.
 *
 * @param preprocessing has the temporal stride and the frame rate, which travel with the weights
 */
export function nativeSampling(
  { shuffle: _, ...sampling }: Sampling,
  { temporalStride, framesPerSecond, mean }: Preprocessing,
  order: Order,
): NativeSampling {
  const resizes =
    sampling.crop === 'multi-scale' || sampling.scaleJitter[0] !== 1 || sampling.scaleJitter[1] !== 1
  if (mean === 'cube' && resizes)
    throw invalid(
      'training.sampling',
      "a mean cube belongs to places of the frame, so crops cannot be resized: use crop 'random' or 'center' with scaleJitter [1, 1], or a mean of three numbers",
    )
  return { ...sampling, temporalStride, framesPerSecond: framesPerSecond ?? 0, ...order }
}

/** In random order, as `sampling.shuffle` says; `together` clips are decoded together. */
export function shuffled({ shuffle }: Sampling, together: number): Order {
  return { shuffle: true, shuffleBlock: shuffle === 'videos' ? together : 0 }
}
