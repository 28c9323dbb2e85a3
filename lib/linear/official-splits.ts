import path from 'node:path'
import { readHmdb51Lists, readUcf101Lists, type SplitListing } from '../dataset/split-lists'
import type { FeatureSet } from '../features/feature-set'
import { C3DError } from '../native/errors'
import type { Part } from './evaluate-parts'

export interface OfficialSplits {
  parts: Part[]
  /** Videos of each split's lists of which there are no features. */
  missing: string[][]
}

/**
 * The rows of the training and test parts of official splits; videos are told by their class and name.
 *
 * @param lists the folder of the lists
 * @throws as VideoDataset.openUcf101; C3D_EMPTY_DATASET when there are no features for a part
 */
export async function officialParts(
  features: FeatureSet,
  dataset: 'ucf101' | 'hmdb51',
  lists: string,
  splits: readonly number[],
): Promise<OfficialSplits> {
  const read = dataset === 'ucf101' ? readUcf101Lists : readHmdb51Lists
  const rows = new Map<string, number[]>()
  features.rows.forEach(({ label, path: file }, row) => {
    const key = nameOf(label, file)
    rows.set(key, [...(rows.get(key) ?? []), row])
  })
  const parts: Part[] = []
  const missing: string[][] = []
  for (const split of splits) {
    const listing = await read({ videos: '', lists, split })
    const part = { training: rowsOf(listing, rows, true), test: rowsOf(listing, rows, false) }
    if (part.training.length === 0 || part.test.length === 0)
      throw new C3DError(
        'C3D_EMPTY_DATASET',
        `Split ${split} of '${lists}' has ${part.training.length} training and ${part.test.length} test rows among these features. Extract features of the whole data set.`,
      )
    parts.push(part)
    missing.push(
      listing.videos
        .map(({ labels, path: file }) => nameOf(labels[0] ?? '', file))
        .filter((key) => !rows.has(key)),
    )
  }
  return { parts, missing }
}

function rowsOf(
  { videos, training }: SplitListing,
  rows: ReadonlyMap<string, number[]>,
  wanted: boolean,
): number[] {
  return videos
    .filter((video) => training.has(video) === wanted)
    .flatMap(({ labels, path: file }) => rows.get(nameOf(labels[0] ?? '', file)) ?? [])
}

/** Class and file name, without its ending: frame folders have none. */
function nameOf(label: string, file: string): string {
  return `${label}/${path.basename(file).replace(/\.(avi|mp4|mkv|webm|mov|c3dframes)$/i, '')}`
}
