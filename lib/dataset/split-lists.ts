import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { invalid } from '../config/parse'
import { C3DError, fileError } from '../native/errors'
import { readClassNames } from './class-names'
import { byName, type ListedVideo, type Listing } from './listing'
import { type TextLine, textLines } from './text-lines'

/** Where the videos and the official lists of a data set lie, and which of its splits is wanted. */
export interface SplitListsOptions {
  videos: string
  lists: string
  split: number
}

/** A listing of both parts of an official split. */
export interface SplitListing extends Listing {
  /** Those of `videos` that are for training; the others are for the test. */
  training: ReadonlySet<ListedVideo>
  /** What each part was read from. */
  sources: { training: string; test: string }
}

interface Line extends TextLine {
  name: string
  label: string
}

/**
 * UCF101: classInd.txt (`1 ApplyEyeMakeup`), trainlist01.txt (`ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1`) and
 * testlist01.txt, which has no labels: the class is the folder's name.
 *
 * @throws C3D_INVALID_CONFIG (naming file and line), C3D_FILE_NOT_FOUND, C3D_FILE, C3D_EMPTY_DATASET
 */
export async function readUcf101Lists(options: SplitListsOptions): Promise<SplitListing> {
  const { lists, split } = options
  const classInd = await readClassNames(path.join(lists, 'classInd.txt'))
  const number = String(split).padStart(2, '0')
  const read = async (list: string): Promise<Line[]> => {
    const lines: Line[] = []
    for await (const line of textLines(path.join(lists, list))) {
      const [name = '', label] = line.text.split(/\s+/)
      const folder = path.posix.dirname(name)
      if (!classInd.names.includes(folder))
        throw invalid(
          line.where,
          `expected '<class>/<video>' with a class of '${classInd.file}', got '${line.text}'`,
        )
      if (label !== undefined && classInd.names[Number(label) - classInd.first] !== folder)
        throw invalid(
          line.where,
          `expected ${classInd.first + classInd.names.indexOf(folder)}, the number of '${folder}' in '${classInd.file}', got '${label}'`,
        )
      lines.push({ ...line, name, label: folder })
    }
    return lines
  }
  const training = await read(`trainlist${number}.txt`)
  const test = await read(`testlist${number}.txt`)
  const sources = {
    training: path.join(lists, `trainlist${number}.txt`),
    test: path.join(lists, `testlist${number}.txt`),
  }
  return makeListing(options, classInd.names, { training, test, sources })
}

const HMDB51_LIST = /^(.+)_test_split(\d+)\.txt$/
const HMDB51_LINE = /^(.+?)\s+([012])$/

/**
 * HMDB51: a file for each class, brush_hair_test_split1.txt, with lines like `April_09_brush_hair_0.avi 1`, where 1
 * is training, 2 is test and 0 neither.
 *
 * @throws C3D_INVALID_CONFIG (naming file and line), C3D_FILE_NOT_FOUND, C3D_FILE, C3D_EMPTY_DATASET
 */
export async function readHmdb51Lists(options: SplitListsOptions): Promise<SplitListing> {
  const { lists, split } = options
  const files = await readdir(lists).catch((error) => {
    throw fileError(error, `read the folder '${lists}'`)
  })
  const parts: Record<string, Line[]> = { '0': [], '1': [], '2': [] }
  const classes: string[] = []
  for (const file of files.sort(byName)) {
    const [, label, number] = HMDB51_LIST.exec(file) ?? []
    if (label === undefined || Number(number) !== split) continue
    classes.push(label)
    for await (const line of textLines(path.join(lists, file))) {
      const [, name, part] = HMDB51_LINE.exec(line.text) ?? []
      if (name === undefined || part === undefined)
        throw invalid(line.where, `expected '<video> 0', 1 (training) or 2 (test), got '${line.text}'`)
      parts[part]?.push({ ...line, name: `${label}/${name}`, label })
    }
  }
  if (classes.length === 0)
    throw new C3DError(
      'C3D_FILE_NOT_FOUND',
      `Expected lists like '${path.join(lists, `<class>_test_split${split}.txt`)}', but there are none.`,
    )
  const source = path.join(lists, `*_test_split${split}.txt`)
  return makeListing(options, classes, {
    training: parts['1'] ?? [],
    test: parts['2'] ?? [],
    sources: { training: `${source}, training`, test: `${source}, test` },
  })
}

async function makeListing(
  { videos: folder, lists }: SplitListsOptions,
  classes: readonly string[],
  { training, test, sources }: { training: Line[]; test: Line[]; sources: SplitListing['sources'] },
): Promise<SplitListing> {
  const find = (lines: readonly Line[]) => Promise.all(lines.map((line) => locate(folder, line)))
  const trainingVideos = await find(training)
  const testVideos = await find(test)
  return {
    source: lists,
    folder,
    classes: classes.map((name) => ({ name, path: lists })),
    videos: [...trainingVideos, ...testVideos],
    problems: [],
    warnings: [],
    training: new Set(trainingVideos),
    sources,
  }
}

/** The listed file, or the frames of that name; in the folder of its class or not. */
async function locate(folder: string, { name, label, where }: Line): Promise<ListedVideo> {
  const listed = path.join(folder, name)
  const video = { path: listed, labels: [label], where }
  for (const candidate of [listed, path.join(folder, path.basename(name))])
    for (const place of [candidate, candidate.slice(0, -path.extname(name).length)])
      if (await exists(place)) return { ...video, path: place }
  return video
}

async function exists(place: string): Promise<boolean> {
  return stat(place).then(
    () => true,
    () => false,
  )
}
