import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { C3DError, fileError } from '../native/errors'

/** What lies in a `<class>/<video>` folder. */
export interface Scan {
  /** Sub-folders that hold videos, sorted by name. */
  classes: { name: string; videos: string[] }[]
  problems: { path: string; reason: string }[]
}

const VIDEO =
  /\.(mp4|m4v|mov|avi|divx|mkv|webm|ogv|ogg|mpg|mpeg|m2v|mts|m2ts|ts|vob|wmv|asf|flv|f4v|3gp|3g2|gif|mjpeg|y4m)$/i
const IMAGE = /\.(jpg|jpeg|png)$/i
const SPLIT = /^(train|training|val|valid|validation|test|testing)$/i

/**
 * Finds the videos of every class: files by their extension, and folders of images. Hidden files and anything else (a
 * LICENSE, a list) are passed over. Throws when there is nothing to be found, saying what lies there instead.
 */
export async function scanFolder(folder: string): Promise<Scan> {
  const root = await list(folder)
  const scan: Scan = { classes: [], problems: [] }
  for (const name of root.folders) {
    const { videos, problems } = await scanClass(path.join(folder, name))
    scan.problems.push(...problems)
    if (videos.length > 0) scan.classes.push({ name, videos })
  }
  if (scan.classes.length === 0) throw await nothingFound(folder, root)
  return scan
}

async function scanClass(folder: string): Promise<{ videos: string[]; problems: Scan['problems'] }> {
  const { files, folders } = await list(folder)
  const videos = files.filter((name) => VIDEO.test(name)).map((name) => path.join(folder, name))
  const problems: Scan['problems'] = []
  for (const name of folders) {
    const inner = path.join(folder, name)
    const isFrameFolder = (await list(inner)).files.some((file) => IMAGE.test(file))
    if (isFrameFolder) videos.push(inner)
    else problems.push({ path: inner, reason: 'a folder without jpg or png images, so no frame folder' })
  }
  return { videos: videos.sort(byName), problems }
}

async function nothingFound(folder: string, root: Listing): Promise<C3DError> {
  const splits = root.folders.filter((name) => SPLIT.test(name))
  if (splits.length > 0) {
    const calls = splits.map((name) => `VideoDataset.open(${JSON.stringify(path.join(folder, name))})`)
    return new C3DError(
      'C3D_EMPTY_DATASET',
      `'${folder}' holds parts of a data set (${splits.join(', ')}), not classes. Open each part by itself: ${calls.join(', ')}. On the command line: c3d train ${path.join(folder, splits[0] ?? '')} --validation <folder of the other part>.`,
    )
  }
  const loose = root.files.filter((name) => VIDEO.test(name)).length
  const seen =
    loose > 0
      ? `${loose} videos without a class folder`
      : `${root.folders.length} folders, none with videos or frame folders in it`
  return new C3DError(
    'C3D_EMPTY_DATASET',
    `Expected one folder for each class with videos in it, ${path.join(folder, '<class>', '<video>')}, but '${folder}' holds ${seen}.`,
  )
}

interface Listing {
  files: string[]
  folders: string[]
}

/** Names in a folder, sorted, links followed, without hidden ones. */
async function list(folder: string): Promise<Listing> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error) => {
    throw fileError(error, `read the folder '${folder}'`)
  })
  const listing: Listing = { files: [], folders: [] }
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    if (await isFolder(folder, entry)) listing.folders.push(entry.name)
    else listing.files.push(entry.name)
  }
  listing.files.sort(byName)
  listing.folders.sort(byName)
  return listing
}

async function isFolder(parent: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory()
  const target = await stat(path.join(parent, entry.name)).catch(() => undefined)
  return target?.isDirectory() ?? false
}

/** By code units, so that the order of classes is the same on every machine, whatever its language. */
function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
