import { realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { indexFolder } from '../config/cache'
import type { IndexingOptions } from '../config/dataset'
import { addon } from '../native/addon'
import type { NativeIndexEvent, NativeVideoSet } from '../native/binding'
import { messageOf, systemCode } from '../native/errors'
import { runEventTask } from '../native/task'
import { frameNumbers, numberingProblem } from './frame-numbers'
import type { ListedVideo } from './listing'
import { unhurried } from './unhurried'

/** A file that is opened once, however many videos of a listing are parts of it. */
export interface LocatedFile {
  /** Place among the files that are opened; undefined where there is nothing to open. */
  place?: number
  /** Its path with links followed. */
  real: string
  listed: ListedVideo[]
  /** Why it cannot even be looked at. */
  problem?: string
  warning?: string
}

/** The files of a listing by their full paths, each once, in order. */
export async function locateFiles(videos: readonly ListedVideo[]): Promise<Map<string, LocatedFile>> {
  const files = new Map<string, LocatedFile>()
  for await (const listed of unhurried(videos)) {
    const key = path.resolve(listed.path)
    const known = files.get(key)
    if (known) known.listed.push(listed)
    else files.set(key, { real: key, listed: [listed] })
  }
  await Promise.all([...files].map(([key, file]) => look(key, file)))
  let place = 0
  for (const file of files.values()) if (file.problem === undefined) file.place = place++
  return files
}

async function look(key: string, file: LocatedFile): Promise<void> {
  try {
    file.real = await realpath(key)
    if (!(await stat(key)).isDirectory()) return
    const warning = numberingProblem(await frameNumbers(key))
    if (warning !== undefined) file.warning = warning
  } catch (error) {
    file.problem = systemCode(error) === 'ENOENT' ? 'there is no such file or folder' : messageOf(error)
  }
}

/** Counts the frames of all files that are there. */
export async function indexFiles(
  files: Map<string, LocatedFile>,
  { threads, cache, signal, onProgress }: IndexingOptions,
): Promise<NativeVideoSet> {
  const paths = [...files.values()].flatMap(({ place, listed: [first] }) =>
    place === undefined || !first ? [] : [first.path],
  )
  return runEventTask<NativeVideoSet, NativeIndexEvent>(
    (onEvent) => addon().indexVideos(paths, { threads, cache: indexFolder(cache), keep: null }, onEvent),
    ({ done, total, latest }) => onProgress?.({ done, total, path: latest.path }),
    signal,
  )
}
