import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { SourceOptions } from '../config/dataset'
import { invalid } from '../config/parse'
import { C3DError, fileError } from '../native/errors'
import { readCaffeList } from './caffe-list'
import type { Listing } from './listing'
import { readManifest } from './manifest'
import { isVideo, scanFolder, singleVideo } from './scan'

type Kind = 'folder' | 'video' | 'csv' | 'jsonl' | 'list'

const KINDS: Readonly<Record<string, Kind>> = {
  '.csv': 'csv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.txt': 'list',
  '.lst': 'list',
  '.list': 'list',
}

const NAMES: Readonly<Record<Kind, string>> = {
  folder: 'folder',
  video: 'video',
  csv: 'CSV manifest',
  jsonl: 'JSONL manifest',
  list: 'list file',
}

/** Which kinds of source an option is for. */
const MEANT_FOR: Readonly<Record<keyof SourceOptions, { kinds: Kind[]; text: string }>> = {
  root: { kinds: ['csv', 'jsonl', 'list'], text: 'manifests and lists' },
  split: { kinds: ['csv', 'jsonl'], text: 'manifests' },
  classNames: { kinds: ['list'], text: 'list files' },
  clipLength: { kinds: ['list'], text: 'list files' },
}

/** What `VideoDataset.open` was asked for. */
export interface SourceRequest {
  /** As the caller gave them, without defaults. */
  given: SourceOptions
  /** The default where it was not given. */
  clipLength: number
  /** Whether videos without a class count. */
  unlabelled: boolean
}

/**
 * Reads what a source names: a folder of class folders, a manifest or a list file of C3D's Caffe code.
 *
 * @throws C3D_INVALID_CONFIG, C3D_INVALID_ARGUMENT (no kind of source that is known), C3D_EMPTY_DATASET,
 * C3D_FILE_NOT_FOUND, C3D_FILE
 */
export async function readSource(
  source: string,
  { given, clipLength, unlabelled }: SourceRequest,
): Promise<Listing> {
  const kind = await kindOf(source, unlabelled)
  refuseUnheeded(source, kind, given)
  if (kind === 'video') return singleVideo(source)
  if (kind === 'folder') return scanFolder(source, { unlabelled })
  const { root, split, classNames } = given
  if (kind === 'list') return readCaffeList(source, { root, classNames, clipLength })
  return readManifest(source, kind, { root, split })
}

/** An option that the source would not heed is a mistake. */
function refuseUnheeded(source: string, kind: Kind, given: SourceOptions): void {
  for (const name of Object.keys(MEANT_FOR) as (keyof SourceOptions)[]) {
    const { kinds, text } = MEANT_FOR[name]
    if (given[name] !== undefined && !kinds.includes(kind))
      throw invalid(`open.${name}`, `this is for ${text}, and '${source}' is a ${NAMES[kind]}`)
  }
}

async function kindOf(source: string, unlabelled: boolean): Promise<Kind> {
  const entry = await stat(source).catch((error) => {
    throw fileError(error, `open '${source}'`)
  })
  if (entry.isDirectory()) return 'folder'
  const kind = KINDS[path.extname(source).toLowerCase()]
  if (kind) return kind
  if (unlabelled && isVideo(source)) return 'video'
  throw new C3DError(
    'C3D_INVALID_ARGUMENT',
    `Expected a folder of <class>/<video>, a manifest (.csv, .jsonl) or a list file (.txt, .lst), got '${source}'.`,
  )
}
