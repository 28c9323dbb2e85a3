import type { NativeVideoInfo } from '../native/binding'
import type { ListedVideo, Place } from './listing'

/** In frames; what is left out is the video's own start or end. */
export interface Part {
  start?: number
  end?: number
  /** What looks wrong about it. */
  warning?: string
}

/** The listed part of a video in frames, or why there is no such part. */
export function partOf(
  { start, end }: ListedVideo,
  { frames, framesPerSecond }: NativeVideoInfo,
): Part | string {
  if ([start, end].some((place) => place?.unit === 'seconds') && !(framesPerSecond > 0))
    return 'its frame rate is not known, so give start and end in frames'
  const frameAt = ({ value, unit }: Place) =>
    unit === 'frames' ? value : Math.round(value * framesPerSecond)
  const part: Part = { ...(start && { start: frameAt(start) }), ...(end && { end: frameAt(end) }) }
  const first = part.start ?? 0
  if (first >= frames) return `it starts at frame ${first}, but the video has ${frames} frames`
  if (part.end === undefined) return part
  if (part.end <= first) return `it ends at frame ${part.end}, but starts at frame ${first}`
  if (part.end <= frames) return part
  const warning = `it ends at frame ${part.end}, but the video has ${frames} frames: it ends there`
  return { ...part, end: frames, warning }
}
