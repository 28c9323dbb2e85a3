import { stat } from 'node:fs/promises'
import path from 'node:path'
import { invalid } from '../config/parse'
import { C3DError } from '../native/errors'
import { type ClassNames, readClassNames } from './class-names'
import { frameNumbers } from './frame-numbers'
import { type DatasetProblem, type ListedVideo, type Listing, pathIn } from './listing'
import { type TextLine, textLines } from './text-lines'
import { unhurried } from './unhurried'

export interface CaffeListOptions {
  root?: string | undefined
  /** File with the names of the classes; left out: their names are their numbers. */
  classNames?: string | undefined
  /** Frames from the start frame on. */
  clipLength: number
}

const LINE = /^(.+?)\s+(\d+)\s+(\d+)$/

/**
 * Reads a list file of C3D's Caffe code, one clip a line: `path start_frame label`. The start frame counts from 0 in
 * videos, and is the number of the first image in frame folders (%06d.jpg, from 1). Labels count from 0.
 *
 * @throws C3D_INVALID_CONFIG (naming file and line), C3D_EMPTY_DATASET, C3D_FILE_NOT_FOUND, C3D_FILE
 */
export async function readCaffeList(
  file: string,
  { root = path.dirname(file), classNames, clipLength }: CaffeListOptions,
): Promise<Listing> {
  const names = classNames === undefined ? undefined : await readClassNames(classNames)
  const folders = new FrameFolders()
  const videos: ListedVideo[] = []
  const problems: DatasetProblem[] = []
  const labels = new Set<number>()
  for await (const line of unhurried(textLines(file))) {
    const { where } = line
    const { name, start, label } = readLine(line)
    const video = pathIn(root, name)
    const className = nameOf(label, names, where)
    labels.add(label)
    const place = await folders.placeOf(video, start)
    if (typeof place === 'string') {
      problems.push({ path: video, reason: `${where}: ${place}` })
      continue
    }
    videos.push({
      path: video,
      labels: [className],
      start: { value: place, unit: 'frames' },
      end: { value: place + clipLength, unit: 'frames' },
      where,
    })
  }
  if (labels.size === 0) throw new C3DError('C3D_EMPTY_DATASET', `'${file}' names no clip.`)
  const classes = [...labels].sort((a, b) => a - b)
  return {
    source: file,
    folder: root,
    classes: classes.map((label) => ({ name: names?.names[label] ?? String(label), path: file })),
    videos,
    problems,
    warnings: [],
  }
}

function readLine({ text, where }: TextLine): { name: string; start: number; label: number } {
  const match = LINE.exec(text)
  if (!match?.[1]) throw invalid(where, `expected 'path start_frame label', got '${text}'`)
  return { name: match[1], start: Number(match[2]), label: Number(match[3]) }
}

function nameOf(label: number, names: ClassNames | undefined, where: string): string {
  if (!names) return String(label)
  const name = names.names[label]
  if (name === undefined)
    throw invalid(
      where,
      `expected a label of 0 to ${names.names.length - 1}, for the ${names.names.length} classes of '${names.file}', got ${label}`,
    )
  return name
}

/** The frame folders among the videos of a list; each is looked into once. */
class FrameFolders {
  readonly #numbers = new Map<string, Promise<number[] | undefined>>()

  /**
   * Where the frame with this number is in a frame folder, counted from 0; in anything else the number itself. A text
   * says why there is no such frame.
   */
  async placeOf(video: string, number: number): Promise<number | string> {
    const numbers = await this.#numbersOf(video)
    if (!numbers || numbers.length === 0) return number
    const place = numbers.indexOf(number)
    if (place >= 0) return place
    return `expected the number of one of its images, ${numbers[0]} to ${numbers.at(-1)}, got ${number}`
  }

  #numbersOf(video: string): Promise<number[] | undefined> {
    const known = this.#numbers.get(video)
    if (known) return known
    // What cannot be read is told when it is opened, with the other videos.
    const numbers = stat(video).then(
      async (entry) => (entry.isDirectory() ? frameNumbers(video) : undefined),
      () => undefined,
    )
    this.#numbers.set(video, numbers)
    return numbers
  }
}
