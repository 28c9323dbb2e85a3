import path from 'node:path'
import { type ManifestEntry, manifestColumns, manifestRowSchema, misspelledColumn } from '../config/manifest'
import { invalid } from '../config/parse'
import { C3DError } from '../native/errors'
import { byName, type ListedVideo, type Listing, type Place, pathIn } from './listing'
import { csvRows, jsonRows, type ManifestRow } from './manifest-rows'
import { unhurried } from './unhurried'

/** Fields of a CSV file that are numbers. */
const NUMBERS: readonly string[] = ['start', 'end', 'startSeconds', 'endSeconds']

/** How a manifest is read: what its paths count from, and which value of its `split` column is wanted. */
export interface ManifestOptions {
  root?: string | undefined
  split?: string | undefined
}

/**
 * Reads a manifest of videos: CSV with a line of column names, or one JSON object a line.
 *
 * @throws C3D_INVALID_CONFIG (naming file and line), C3D_EMPTY_DATASET, C3D_FILE_NOT_FOUND, C3D_FILE
 */
export async function readManifest(
  file: string,
  kind: 'csv' | 'jsonl',
  { root = path.dirname(file), split }: ManifestOptions,
): Promise<Listing> {
  const videos: ListedVideo[] = []
  const splits = new Set<string>()
  for await (const row of unhurried(kind === 'csv' ? csvRows(file) : jsonRows(file))) {
    const entry = readEntry(kind === 'csv' ? fromText(row) : row)
    if (entry.split !== undefined) splits.add(entry.split)
    if (split === undefined || entry.split === split) videos.push(listedVideo(entry, root, row.where))
  }
  if (split !== undefined && !splits.has(split)) throw unknownSplit(file, split, splits)
  if (videos.length === 0) throw new C3DError('C3D_EMPTY_DATASET', `'${file}' names no video.`)
  const classes = [...new Set(videos.flatMap((video) => video.labels))].sort(byName)
  return {
    source: file,
    folder: root,
    classes: classes.map((name) => ({ name, path: file })),
    videos,
    problems: [],
    warnings: split === undefined && splits.size > 1 ? [everySplit(file, splits)] : [],
  }
}

/** A row of texts with its numbers and lists read. */
function fromText({ names, values, where }: ManifestRow): ManifestRow {
  // An empty list, where no other column names a class.
  const isEmptyList = names.includes('labels') && values.labels === undefined && values.label === undefined
  const entries = Object.entries(values).map(([key, value]) => {
    if (typeof value !== 'string') return [key, value]
    if (key === 'labels') return [key, value.split('|').map((label) => label.trim())]
    const number = NUMBERS.includes(key) ? Number(value) : Number.NaN
    return [key, Number.isNaN(number) ? value : number]
  })
  return { names, values: { ...Object.fromEntries(entries), ...(isEmptyList && { labels: [] }) }, where }
}

function readEntry({ names, values, where }: ManifestRow): ManifestEntry {
  const misspelled = misspelledColumn(names)
  if (misspelled)
    throw invalid(where, `unknown column '${misspelled.name}' (did you mean '${misspelled.meant}'?)`)
  const known = Object.entries(values).filter(([key]) => manifestColumns.includes(key))
  const result = manifestRowSchema.safeParse(Object.fromEntries(known))
  if (!result.success) {
    const lines = result.error.issues.map((issue) => `at ${where}, ${issue.path.join('.')}: ${issue.message}`)
    throw new C3DError('C3D_INVALID_CONFIG', lines.join('\n'))
  }
  return result.data
}

function listedVideo(entry: ManifestEntry, root: string, where: string): ListedVideo {
  const start = placeOf(entry, 'start', where)
  const end = placeOf(entry, 'end', where)
  if (start && end && start.unit === end.unit && end.value <= start.value)
    throw invalid(where, `expected an end behind the start, ${start.value}, got ${end.value}`)
  return {
    path: pathIn(root, entry.path),
    labels: labelsOf(entry, where),
    ...(start && { start }),
    ...(end && { end }),
    ...(entry.group !== undefined && { group: entry.group }),
    where,
  }
}

function labelsOf({ label, labels }: ManifestEntry, where: string): string[] {
  if (label !== undefined && labels !== undefined)
    throw invalid(where, `expected 'label' or 'labels', got both`)
  if (label === undefined && labels === undefined)
    throw invalid(where, `expected a class in 'label', or several in 'labels', got neither`)
  return [...new Set(labels ?? [label as string])]
}

function placeOf(entry: ManifestEntry, which: 'start' | 'end', where: string): Place | undefined {
  const frames = entry[which]
  const seconds = entry[`${which}Seconds`]
  if (frames !== undefined && seconds !== undefined)
    throw invalid(where, `expected '${which}' or '${which}Seconds', got both`)
  if (frames !== undefined) return { value: frames, unit: 'frames' }
  return seconds === undefined ? undefined : { value: seconds, unit: 'seconds' }
}

function unknownSplit(file: string, split: string, splits: Set<string>): C3DError {
  const there = splits.size === 0 ? 'which has no split column' : `whose split column has ${quoted(splits)}`
  return invalid('open.split', `expected a value of the split column, got '${split}' for '${file}', ${there}`)
}

function everySplit(file: string, splits: Set<string>): { path: string; reason: string } {
  return {
    path: file,
    reason: `its split column has ${quoted(splits)}, and all of them are used: choose one with the split option`,
  }
}

function quoted(names: Iterable<string>): string {
  return [...names].map((name) => `'${name}'`).join(', ')
}
