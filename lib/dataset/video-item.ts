/** A video file or frame folder of a data set. */
export interface VideoItem {
  readonly path: string
  /** The name of its class. */
  readonly label: string
  /** Frames that really decode, not what a header claims. */
  readonly frames: number
  /** Pixels, as displayed. */
  readonly width: number
  readonly height: number
  /** Average; 0 where it is not known, as for frame folders. */
  readonly framesPerSecond: number
  /** FFmpeg's name, or 'jpeg' or 'png' for frame folders. */
  readonly codec: string
}
