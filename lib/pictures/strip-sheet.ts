import { blank, type Colour, type Picture, paste } from './picture'

/** Pictures that follow each other in time, all of one size. */
export interface Strip {
  caption: string
  frames: readonly Picture[]
}

/** Strips of one size, row by row. */
export interface StripSheet {
  strips: readonly Strip[]
  /** Strips beside each other in a still picture. */
  columns: number
  /** Strips beside each other in a film, which shows one frame of each at a time. */
  filmColumns: number
}

/** Where a strip lies in the still picture of its sheet. */
export interface StripPlace {
  strip: Strip
  left: number
  top: number
}

const PAPER: Colour = [255, 255, 255]
/** Pixels between the frames of a strip, and between strips. */
const FRAME_GAP = 2
const STRIP_GAP = 8

/** All frames of all strips. `header`: pixels that are left free above each row of strips. */
export function stillPicture(
  { strips, columns }: StripSheet,
  header = 0,
): { picture: Picture; places: StripPlace[] } {
  const [first] = strips
  const { width = 1, height = 1 } = first?.frames[0] ?? {}
  const count = first?.frames.length ?? 0
  const stripWidth = count * width + (count - 1) * FRAME_GAP
  const rows = Math.ceil(strips.length / columns)
  const rowHeight = header + height
  const sheet = blank(
    Math.min(columns, strips.length) * (stripWidth + STRIP_GAP) - STRIP_GAP,
    rows * (rowHeight + STRIP_GAP) - STRIP_GAP,
    PAPER,
  )
  const places = strips.map((strip, i) => ({
    strip,
    left: (i % columns) * (stripWidth + STRIP_GAP),
    top: Math.floor(i / columns) * (rowHeight + STRIP_GAP) + header,
  }))
  for (const { strip, left, top } of places)
    strip.frames.forEach((frame, i) => {
      paste(sheet, frame, left + i * (width + FRAME_GAP), top)
    })
  return { picture: sheet, places }
}

/** Picture after picture, each with one frame of every strip; even in width and height, as videos want them. */
export function* filmPictures({ strips, filmColumns }: StripSheet): Generator<Picture, void, undefined> {
  const { width = 1, height = 1 } = strips[0]?.frames[0] ?? {}
  const rows = Math.ceil(strips.length / filmColumns)
  const columns = Math.min(filmColumns, strips.length)
  const even = (size: number) => size + (size % 2)
  const size = [
    even(columns * (width + FRAME_GAP) - FRAME_GAP),
    even(rows * (height + FRAME_GAP) - FRAME_GAP),
  ]
  for (let frame = 0; frame < (strips[0]?.frames.length ?? 0); frame++) {
    const picture = blank(size[0] ?? 0, size[1] ?? 0, PAPER)
    strips.forEach(({ frames }, i) => {
      const [left, top] = [
        (i % filmColumns) * (width + FRAME_GAP),
        Math.floor(i / filmColumns) * (height + FRAME_GAP),
      ]
      paste(picture, frames[frame] as Picture, left, top)
    })
    yield picture
  }
}
