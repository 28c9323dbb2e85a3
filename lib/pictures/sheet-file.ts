import path from 'node:path'
import { replaceFile } from '../files/replace-file'
import { C3DError } from '../native/errors'
import { encodeGif } from './gif'
import { encodePng } from './png'
import { sheetSvg } from './sheet-svg'
import { filmPictures, type StripSheet, stillPicture } from './strip-sheet'
import { writeVideo } from './video'

type Writer = (file: string, sheet: StripSheet, framesPerSecond: number) => Promise<void>

const stills: Readonly<Record<string, Writer>> = {
  '.png': async (file, sheet) => replaceFile(file, await encodePng(stillPicture(sheet).picture)),
  '.svg': async (file, sheet) => replaceFile(file, await sheetSvg(sheet)),
}

const films: Readonly<Record<string, Writer>> = {
  '.gif': async (file, sheet, framesPerSecond) =>
    replaceFile(file, await encodeGif(filmPictures(sheet), framesPerSecond)),
  '.mp4': (file, sheet, framesPerSecond) => writeVideo(file, [...filmPictures(sheet)], framesPerSecond),
}

/** Whether a file of this name shows frame after frame in one place. */
export function isFilm(file: string): boolean {
  return path.extname(file).toLowerCase() in films
}

/**
 * Throws C3D_INVALID_ARGUMENT unless the name ends with .png, .svg, .gif or .mp4: for those who want to know before
 * they compute what is to be drawn.
 */
export function requirePictureFile(file: string): void {
  writerOf(file)
}

/** Writes strips as a picture (.png; .svg, with captions) or a film (.gif, .mp4). */
export async function writeSheet(file: string, sheet: StripSheet, framesPerSecond: number): Promise<void> {
  await writerOf(file)(file, sheet, framesPerSecond)
}

function writerOf(file: string): Writer {
  const ending = path.extname(file).toLowerCase()
  const writer = stills[ending] ?? films[ending]
  if (writer) return writer
  throw new C3DError(
    'C3D_INVALID_ARGUMENT',
    `Expected a name that ends with .png, .svg, .gif or .mp4 for pictures, got '${file}'.`,
  )
}
