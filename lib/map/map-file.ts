import path from 'node:path'
import { type SaveMapOptions, saveMapSchema } from '../config/map'
import { parse } from '../config/parse'
import { toCsv } from '../files/csv'
import { replaceFile } from '../files/replace-file'
import { loadSvgRenderer, svgToPng } from '../files/svg-to-png'
import { C3DError } from '../native/errors'
import type { FeatureMap } from './feature-map'
import { mapPage } from './map-page'
import { mapSvg } from './map-svg'
import { makeThumbnails } from './thumbnails'

type Writer = (map: FeatureMap, options: SaveMapOptions) => string | Promise<string | Buffer>

const writers: Readonly<Record<string, Writer>> = {
  '.html': async (map, options) => mapPage(map, await makeThumbnails(map.points, options)),
  '.svg': mapSvg,
  '.png': (map) => svgToPng(mapSvg(map)),
  '.csv': ({ points }) =>
    toCsv([
      ['path', 'label', 'start', 'end', 'x', 'y'],
      ...points.map(({ path: file, label, labels, start = '', end = '', x, y }) => [
        ...[file, labels?.join(';') ?? label, start, end, x, y],
      ]),
    ]),
}

/**
 * Writes a map of features: as a picture (.svg or .png), as a page that shows the middle frame of each video or clip
 * under the mouse (.html; one file, which needs no other and no network), or as numbers (.csv). For a page the videos
 * are read where the features' paths say.
 *
 * @throws C3D_INVALID_ARGUMENT (another ending), C3D_INVALID_CONFIG (a .png without the optional packages that draw
 * it), C3D_FFMPEG_MISSING, C3D_FILE, C3D_ABORTED
 */
export async function saveMap(file: string, map: FeatureMap, options: SaveMapOptions = {}): Promise<void> {
  const settings = parse(saveMapSchema, options, 'saveMap')
  await replaceFile(file, await writerOf(file)(map, settings))
}

/** Throws what `saveMap` will, as far as that can be told before anything is computed. */
export async function requireMapFile(file: string): Promise<void> {
  writerOf(file)
  if (endingOf(file) === '.png') await loadSvgRenderer()
}

function endingOf(file: string): string {
  return path.extname(file).toLowerCase()
}

function writerOf(file: string): Writer {
  const writer = writers[endingOf(file)]
  if (writer) return writer
  throw new C3DError(
    'C3D_INVALID_ARGUMENT',
    `Expected a name that ends with ${Object.keys(writers).join(', ')} for a map, got '${file}'.`,
  )
}
