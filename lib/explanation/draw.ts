import path from 'node:path'
import { legibleFilter, legibleHeight, type PictureOptions, pictureSchema } from '../config/explanation'
import { parse } from '../config/parse'
import type { Frames } from '../frames'
import { C3DError } from '../native/errors'
import { amplitude, contrast, heated, signedPixels } from '../pictures/colours'
import { enlarged, frameOf, type Picture } from '../pictures/picture'
import { isFilm, requirePictureFile, writeSheet } from '../pictures/sheet-file'
import type { Strip, StripSheet } from '../pictures/strip-sheet'
import type { Deconvolution } from './deconvolution'
import type { FirstFilters } from './filters'
import type { GradCam } from './grad-cam'

/**
 * Writes a clip with its Grad-CAM: above each other as strips of frames (.png, or .svg with captions), or beside each
 * other as a film (.gif, .mp4). The heat is relative to the clip's hottest pixel.
 *
 * @example await saveGradCam('cam.gif', await model.gradCam('clip.mp4'))
 * @throws C3D_INVALID_ARGUMENT (another ending), C3D_FFMPEG_MISSING (.mp4), C3D_FILE
 */
export async function saveGradCam(file: string, cam: GradCam, options: PictureOptions = {}): Promise<void> {
  const { clip, heat, layer, label, probability } = cam
  const hottest = amplitude(heat.data)
  const [, height, width] = clip.shape
  const seen = `${label} ${(100 * probability).toFixed(1)}%: Grad-CAM of ${layer}${hottest > 0 ? '' : ', nothing found'}`
  await saveStrips(file, options, height, (draw) => [
    draw(captionOf(cam), clip),
    draw(seen, clip, (frame, i) => {
      const part = heat.data.subarray(i * width * height, (i + 1) * width * height)
      return heated(
        frame,
        part.map((value) => (hottest > 0 ? value / hottest : 0)),
      )
    }),
  ])
}

/**
 * Writes clips with what a filter sees in each, one below the other: as strips of frames (.png, or .svg with captions),
 * or beside each other as a film (.gif, .mp4). Grey is 0; the strongest 0.2% of the values of each projection have
 * full contrast.
 *
 * @throws C3D_INVALID_ARGUMENT (another ending; no deconvolution, or clips of different sizes), C3D_FFMPEG_MISSING
 * (.mp4), C3D_FILE
 */
export async function saveDeconvolutions(
  file: string,
  deconvolutions: readonly Deconvolution[],
  options: PictureOptions = {},
): Promise<void> {
  const height = commonHeight(deconvolutions)
  await saveStrips(file, options, height, (draw) =>
    deconvolutions.flatMap((one) => {
      const { layer, filter, activation, clip, projection } = one
      const data = signedPixels(projection.data, contrast(projection.data))
      return [
        draw(captionOf(one), clip),
        draw(`${layer}, filter ${filter}: ${activation.toPrecision(3)}`, { data, shape: projection.shape }),
      ]
    }),
  )
}

/**
 * Writes the kernels of a first convolution, each as a strip of its frames, relative to its own largest weight; grey is
 * 0. A .png, or an .svg with the filters' numbers; as a .gif or .mp4, the frames of all follow each other.
 *
 * @example await saveFilters('filters.png', model.firstFilters())
 * @throws C3D_INVALID_ARGUMENT (another ending), C3D_FFMPEG_MISSING (.mp4), C3D_FILE
 */
export async function saveFilters(
  file: string,
  { data, shape }: FirstFilters,
  options: PictureOptions = {},
): Promise<void> {
  const { scale, every, framesPerSecond } = parse(pictureSchema, options, 'pictures')
  const [filters, frames, height, width] = shape
  const factor = scale ?? Math.ceil(legibleFilter / height)
  const size = frames * height * width * 3
  const strips = Array.from({ length: filters }, (_, filter) => {
    const weights = data.subarray(filter * size, (filter + 1) * size)
    const pixels = signedPixels(weights, amplitude(weights))
    const kernel: Frames = { data: pixels, shape: [frames, height, width, 3] }
    return { caption: String(filter), frames: framesOf(kernel, isFilm(file) ? 1 : every, factor) }
  })
  const perRow = Math.ceil(Math.sqrt((filters * 3) / frames))
  await writeSheet(
    file,
    { strips, columns: perRow, filmColumns: Math.ceil(Math.sqrt(filters)) },
    framesPerSecond,
  )
}

type Draw = (caption: string, clip: Frames, paint?: (frame: Picture, index: number) => Picture) => Strip

/** Strips below each other; in a film two beside each other. */
async function saveStrips(
  file: string,
  options: PictureOptions,
  height: number,
  strips: (draw: Draw) => Strip[],
): Promise<void> {
  requirePictureFile(file)
  const { scale, every, framesPerSecond } = parse(pictureSchema, options, 'pictures')
  const factor = scale ?? Math.ceil(legibleHeight / height)
  const step = isFilm(file) ? 1 : every
  const sheet: StripSheet = {
    strips: strips((caption, clip, paint) => ({ caption, frames: framesOf(clip, step, factor, paint) })),
    columns: 1,
    filmColumns: 2,
  }
  await writeSheet(file, sheet, framesPerSecond)
}

/** Throws C3D_INVALID_ARGUMENT unless there is a clip, and all are of one size. */
function commonHeight(clips: readonly { clip: Frames }[]): number {
  const [first, ...others] = clips.map(({ clip }) => clip.shape)
  if (first && others.every((shape) => shape.join() === first.join())) return first[1]
  const sizes = clips.map(({ clip }) => clip.shape.slice(0, 3).join('x'))
  throw new C3DError(
    'C3D_INVALID_ARGUMENT',
    `Expected one or more clips of one size, got ${sizes.length === 0 ? 'none' : sizes.join(', ')}.`,
  )
}

function framesOf(
  clip: Frames,
  every: number,
  scale: number,
  paint = (frame: Picture, _index: number) => frame,
): Picture[] {
  const places = Array.from({ length: Math.ceil(clip.shape[0] / every) }, (_, i) => i * every)
  return places.map((place) => enlarged(paint(frameOf(clip, place), place), scale))
}

function captionOf({ video, start, end }: { video: string; start: number; end: number }): string {
  return `${path.basename(video)}, frames ${start} to ${end - 1}`
}
