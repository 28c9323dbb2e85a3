import { escapeXml } from '../charts/escape-xml'
import { encodePng } from './png'
import { type StripSheet, stillPicture } from './strip-sheet'

/** Pixels above each row of strips, for its captions. */
const HEADER = 18

/** The still picture with its captions; the pixels are a PNG in it. */
export async function sheetSvg(sheet: StripSheet): Promise<string> {
  const { picture, places } = stillPicture(sheet, HEADER)
  const { width, height } = picture
  const png = (await encodePng(picture)).toString('base64')
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<image style="image-rendering:pixelated" width="${width}" height="${height}" href="data:image/png;base64,${png}"/>`,
    ...places.map(
      ({ strip, left, top }) => `<text x="${left + 2}" y="${top - 5}">${escapeXml(strip.caption)}</text>`,
    ),
    '</svg>',
  ]
    .map((line) => `${line}\n`)
    .join('')
}
