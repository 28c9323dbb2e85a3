/** A video file or frame folder of a data set, or a part of one. */
export interface VideoItem {
  readonly path: string
  /** The name of its class; the first one where it has several, '' where it has none. */
  readonly label: string
  /** All its classes, where it has several. */
  readonly labels?: readonly string[]
  /** Frames of the whole video: those that really decode, not what a header claims. */
  readonly frames: number
  /** Pixels, as displayed. */
  readonly width: number
  readonly height: number
  /** Average; 0 where it is not known, as for frame folders. */
  readonly framesPerSecond: number
  /** FFmpeg's name, or 'jpeg' or 'png' for frame folders. */
  readonly codec: string
  /** First frame of a part, counted from 0; left out: the video's first. */
  readonly start?: number
  /** The frame behind the last one of a part; left out: the video's end. */
  readonly end?: number
  /** What its manifest says: videos of one group show the same scene or person. */
  readonly group?: string
  /** Of the decoded frames: equal ones mean the same pictures, whatever file they are in. '' where not known. */
  readonly fingerprint: string
}

/** All classes of a video: one as a rule, or several, or none. */
export function labelsOf({
  label,
  labels,
}: {
  label: string
  labels?: readonly string[]
}): readonly string[] {
  if (labels !== undefined) return labels
  return label === '' ? [] : [label]
}

/** First frame, and the one behind the last. */
export function rangeOf({ start = 0, end, frames }: VideoItem): { start: number; end: number } {
  return { start, end: end ?? frames }
}

/** Frames of the video, or of the part that it is. */
export function lengthOf(video: VideoItem): number {
  const { start, end } = rangeOf(video)
  return end - start
}
