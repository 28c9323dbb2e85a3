import {
  type ClipLabelOptions,
  clipLabelSchema,
  type FrameRange,
  frameRangeSchema,
} from '../config/clip-labels'
import { parse } from '../config/parse'
import { csvRows } from '../dataset/manifest-rows'
import { C3DError } from '../native/errors'
import { type FeatureRow, FeatureSet } from './feature-set'

/**
 * Reads what is in which frames of videos: a CSV file with the columns path, start, end (behind the last frame) and
 * label.
 *
 * @throws C3D_FILE_NOT_FOUND, C3D_FILE, C3D_INVALID_CONFIG (naming the line)
 */
export async function readFrameLabels(file: string): Promise<FrameRange[]> {
  const ranges: FrameRange[] = []
  for await (const { values, where } of csvRows(file)) ranges.push(parse(frameRangeSchema, values, where))
  return ranges
}

/**
 * Gives features of clips the label that most of their frames have, as the paper does for egocentric objects (section
 * 5): a clip in which no label has at least `atLeast` frames is left out. Of equally frequent labels, the first in the
 * alphabet counts. The classes are those that are left.
 *
 * @example labelClips(await extract(model, data, { per: 'clip' }), await readFrameLabels('frames.csv'))
 * @throws C3D_INVALID_ARGUMENT (features that are not of clips), C3D_EMPTY_DATASET (no clip has a label)
 */
export function labelClips(
  features: FeatureSet,
  ranges: readonly FrameRange[],
  options: ClipLabelOptions = {},
): FeatureSet {
  const { atLeast } = parse(clipLabelSchema, options, 'labelClips')
  const byPath = new Map<string, FrameRange[]>()
  for (const range of ranges) byPath.set(range.path, [...(byPath.get(range.path) ?? []), range])
  const labels = features.rows.map((row) => majority(row, byPath.get(row.path) ?? [], atLeast))
  const classes = [...new Set(labels.filter((label) => label !== undefined))].sort()
  if (classes.length === 0)
    throw new C3DError(
      'C3D_EMPTY_DATASET',
      `No clip has ${atLeast} frames of one label. The paths of the labels must be those of the features, such as '${features.rows[0]?.path}'.`,
    )
  const kept = features.subset((_, place) => labels[place] !== undefined)
  const known = labels.filter((label) => label !== undefined)
  const rows = kept.rows.map(({ labels: _, ...row }, i) => ({ ...row, label: known[i] ?? '' }))
  return new FeatureSet({ ...kept, rows, classes })
}

function majority(
  { path, start, end }: FeatureRow,
  ranges: readonly FrameRange[],
  atLeast: number,
): string | undefined {
  if (start === undefined || end === undefined)
    throw new C3DError(
      'C3D_INVALID_ARGUMENT',
      `Expected features of clips, but '${path}' is a whole video. Extract them per clip.`,
    )
  const counts = new Map<string, number>()
  for (const range of ranges) {
    const frames = Math.min(end, range.end) - Math.max(start, range.start)
    if (frames > 0) counts.set(range.label, (counts.get(range.label) ?? 0) + frames)
  }
  const most = Math.max(0, ...counts.values())
  if (most < atLeast) return undefined
  return [...counts]
    .filter(([, count]) => count === most)
    .map(([label]) => label)
    .sort()[0]
}
