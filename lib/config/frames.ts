import * as z from 'zod'
import { abortSignal, choice, expected, settings, wholeNumber } from './fields'

/** As in native/core/video/picture_limits.h. */
const side = () => wholeNumber({ atLeast: 1, atMost: 16384 })

export const framesSchema = settings({
  /** Pixels; left out: the video's own, as displayed. */
  width: side().optional(),
  height: side().optional(),
  channelOrder: choice(['rgb', 'bgr']).default('rgb'),
  signal: abortSignal().optional(),
})

export type FramesOptions = z.input<typeof framesSchema>

export const placesSchema = z.array(wholeNumber({ atLeast: 0 }), { error: expected('a list of places') })
