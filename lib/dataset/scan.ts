import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { C3DError, fileError } from '../native/errors'
import { isImage } from './frame-numbers'
import { byName, type DatasetProblem, type ListedVideo, type Listing } from './listing'

const VIDEO =
  /\.(mp4|m4v|mov|avi|divx|mkv|webm|ogv|ogg|mpg|mpeg|m2v|mts|m2ts|ts|vob|wmv|asf|flv|f4v|3gp|3g2|gif|mjpeg|y4m|c3dframes)$/i
const SPLIT = /^(train|training|val|valid|validation|test|testing)$/i

/**
 * Finds the videos of every class: files by their extension, and folders of images. Hidden files and anything else (a
 * LICENSE, a list) are passed over. Throws when there is nothing to be found, saying what lies there instead; with
 * `unlabelled`, videos without a class folder are something, and so is a frame folder by itself.
 */
export async function scanFolder(folder: string, { unlabelled = false } = {}): Promise<Listing> {
  const root = await list(folder)
  if (unlabelled && root.files.some(isImage)) return singleVideo(folder)
  const classes: { name: string; path: string }[] = []
  const videos: ListedVideo[] = []
  const problems: DatasetProblem[] = []
  for (const name of root.folders) {
    const classFolder = path.join(folder, name)
    const found = await scanClass(classFolder)
    problems.push(...found.problems)
    videos.push(...found.videos.map((video) => ({ path: video, labels: [name], where: '' })))
    if (found.videos.length > 0) classes.push({ name, path: classFolder })
  }
  const loose = root.files.filter((name) => VIDEO.test(name))
  if (classes.length === 0 && !(unlabelled && loose.length > 0)) throw await nothingFound(folder, root)
  if (unlabelled)
    videos.push(...loose.map((name) => ({ path: path.join(folder, name), labels: [], where: '' })))
  return { source: folder, folder, classes, videos, problems, warnings: looseWarning(folder, loose.length) }
}

/** By its extension. */
export function isVideo(file: string): boolean {
  return VIDEO.test(file)
}

/** A video file or frame folder by itself, without a class. */
export function singleVideo(video: string): Listing {
  const videos = [{ path: video, labels: [], where: '' }]
  return { source: video, folder: path.dirname(video), classes: [], videos, problems: [], warnings: [] }
}

async function scanClass(folder: string): Promise<{ videos: string[]; problems: DatasetProblem[] }> {
  const { files, folders } = await list(folder)
  const videos = files.filter((name) => VIDEO.test(name)).map((name) => path.join(folder, name))
  const problems: DatasetProblem[] = []
  for (const name of folders) {
    const inner = path.join(folder, name)
    if ((await list(inner)).files.some(isImage)) videos.push(inner)
    else problems.push({ path: inner, reason: 'a folder without jpg or png images, so no frame folder' })
  }
  return { videos: videos.sort(byName), problems }
}

function looseWarning(folder: string, count: number): DatasetProblem[] {
  if (count === 0) return []
  const videos = `${count} ${count === 1 ? 'video' : 'videos'} without a class folder`
  return [{ path: folder, reason: `${videos}: no training uses them` }]
}

async function nothingFound(folder: string, root: Names): Promise<C3DError> {
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

interface Names {
  files: string[]
  folders: string[]
}

/** Names in a folder, sorted, links followed, without hidden ones. */
async function list(folder: string): Promise<Names> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error) => {
    throw fileError(error, `read the folder '${folder}'`)
  })
  const names: Names = { files: [], folders: [] }
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    if (await isFolder(folder, entry)) names.folders.push(entry.name)
    else names.files.push(entry.name)
  }
  names.files.sort(byName)
  names.folders.sort(byName)
  return names
}

async function isFolder(parent: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory()
  const target = await stat(path.join(parent, entry.name)).catch(() => undefined)
  return target?.isDirectory() ?? false
}
