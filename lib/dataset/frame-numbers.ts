import { readdir } from 'node:fs/promises'

const IMAGE = /\.(jpg|jpeg|png)$/i
/** The last number of a name: 17 of frame_000017.jpg. */
const NUMBER = /(\d+)\D*$/

/** Whether a file is a frame, by its name. */
export function isImage(name: string): boolean {
  return IMAGE.test(name)
}

/** The numbers in the names of a folder's images, in order; an image without a number counts as NaN, at the end. */
export async function frameNumbers(folder: string): Promise<number[]> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.') && isImage(name))
  return names.map(numberOf).sort((a, b) => (Number.isNaN(a) ? 1 : Number.isNaN(b) ? -1 : a - b))
}

function numberOf(name: string): number {
  return Number(NUMBER.exec(name.replace(IMAGE, ''))?.[1] ?? Number.NaN)
}

const MOST_SHOWN = 5

/**
 * What is wrong with the numbering of frames, for people; undefined when nothing is. Frames that were taken at equal
 * distances (every fifth) have no gaps, and frames without numbers no numbering.
 */
export function numberingProblem(numbers: readonly number[]): string | undefined {
  if (numbers.length < 2 || numbers.some(Number.isNaN)) return undefined
  const steps = numbers.slice(1).map((number, i) => number - (numbers[i] ?? 0))
  const twice = steps.indexOf(0)
  if (twice >= 0) return `more than one frame has the number ${numbers[twice]}`
  const step = steps.reduce((a, b) => Math.min(a, b))
  const gaps = steps.flatMap((width, i) => (width > step ? [gapText((numbers[i] ?? 0) + 1, width - 1)] : []))
  if (gaps.length === 0) return undefined
  const shown = gaps.slice(0, MOST_SHOWN).join(', ')
  const more = gaps.length > MOST_SHOWN ? ` and ${gaps.length - MOST_SHOWN} more gaps` : ''
  return `the numbering of its ${numbers.length} frames has gaps: ${shown}${more} missing`
}

function gapText(first: number, count: number): string {
  return count === 1 ? String(first) : `${first} to ${first + count - 1}`
}
