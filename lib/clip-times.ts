/** When a clip is, in its video. */
export interface ClipTimes {
  /** First frame, counted from 0. */
  start: number
  /** The frame behind the last one. */
  end: number
  /** The same in seconds; left out where the frame rate is not known, as in frame folders. */
  startSeconds?: number
  endSeconds?: number
}

export function clipTimes(start: number, end: number, framesPerSecond: number): ClipTimes {
  if (!(framesPerSecond > 0)) return { start, end }
  return { start, end, startSeconds: start / framesPerSecond, endSeconds: end / framesPerSecond }
}
