import { escapeXml } from '../charts/escape-xml'
import type { VideoScores } from './video-metrics'

/** What a confusion matrix is drawn from. */
export interface ConfusionMatrix extends Pick<VideoScores, 'perClass'> {
  confusion: readonly (readonly number[])[]
}

/** Pixels; the type is 12 high, and a letter of it about 7 wide. */
const MARGIN = 12
const LETTER = 7
const LONGEST_LABEL = 24
/** From so many classes on, cells are small and without numbers. */
const MANY_CLASSES = 40

/**
 * The matrix as a picture: a row for each class, a column for each answer. A cell is the darker the larger a part of
 * its row it is, shows the number of its videos, and in a browser tells under the mouse what they are.
 */
export function confusionSvg({ confusion, perClass }: ConfusionMatrix): string {
  const labels = perClass.map(({ label }) => label)
  const numbers = labels.length < MANY_CLASSES
  const size = numbers ? 36 : 14
  const left =
    MARGIN + 20 + LETTER * Math.min(LONGEST_LABEL, Math.max(...labels.map((label) => label.length)))
  const side = size * labels.length
  const total = left + side + MARGIN
  const middle = (place: number) => left + size * (place + 0.5)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${total}" height="${total}" viewBox="0 0 ${total} ${total}" font-family="sans-serif" font-size="${numbers ? 12 : 11}">`,
    `<rect width="${total}" height="${total}" fill="white"/>`,
    `<text x="${left + side / 2}" y="${MARGIN + 4}" text-anchor="middle" font-weight="bold">answer</text>`,
    `<text transform="translate(${MARGIN + 4} ${left + side / 2}) rotate(-90)" text-anchor="middle" font-weight="bold">class</text>`,
    ...labels.flatMap((label, i) => [
      `<text x="${left - 4}" y="${middle(i) + 4}" text-anchor="end">${escapeXml(shortened(label))}</text>`,
      `<text transform="translate(${middle(i) + 4} ${left - 4}) rotate(-90)">${escapeXml(shortened(label))}</text>`,
    ]),
    ...confusion.flatMap((row, i) =>
      row.map((count, j) => {
        if (count === 0) return ''
        const title = `${labels[i]} answered as ${labels[j]}: ${count} of ${sum(row)}`
        const [x, y, part] = [left + size * j, left + size * i, count / sum(row)]
        return cell({ x, y, size, part, title, text: numbers ? String(count) : '' })
      }),
    ),
    `<path d="${grid(left, size, labels.length)}" stroke="#bbb" stroke-width="0.5"/>`,
    '</svg>',
  ]
    .filter((line) => line !== '')
    .map((line) => `${line}\n`)
    .join('')
}

/** Lines around all cells. */
function grid(start: number, size: number, cells: number): string {
  const end = start + size * cells
  return Array.from({ length: cells + 1 }, (_, i) => start + size * i)
    .map((place) => `M${start} ${place}H${end}M${place} ${start}V${end}`)
    .join('')
}

interface Cell {
  x: number
  y: number
  size: number
  /** 0: white, 1: dark blue. */
  part: number
  title: string
  text: string
}

function cell({ x, y, size, part, title, text }: Cell): string {
  const shade = (full: number) => Math.round(255 + (full - 255) * part)
  const square = `<rect x="${x}" y="${y}" width="${size}" height="${size}" fill="rgb(${shade(8)},${shade(48)},${shade(107)})"><title>${escapeXml(title)}</title></rect>`
  if (text === '') return square
  const [middleX, middleY, fill] = [x + size / 2, y + size / 2 + 4, part > 0.5 ? 'white' : 'black']
  return `${square}<text x="${middleX}" y="${middleY}" text-anchor="middle" fill="${fill}" pointer-events="none">${text}</text>`
}

function shortened(label: string): string {
  return label.length > LONGEST_LABEL ? `${label.slice(0, LONGEST_LABEL - 1)}…` : label
}

function sum(row: readonly number[]): number {
  return row.reduce((a, b) => a + b, 0)
}
