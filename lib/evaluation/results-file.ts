import path from 'node:path'
import { toCsv } from '../files/csv'
import { replaceFile } from '../files/replace-file'
import { C3DError } from '../native/errors'
import type { VideoResult } from './video-result'

const writers: Readonly<Record<string, (results: readonly VideoResult[]) => string>> = {
  '.jsonl': (results) => results.map((result) => `${JSON.stringify(result)}\n`).join(''),
  '.csv': resultsCsv,
}

/**
 * Writes the answer for every video: as JSON lines, a VideoResult each (.jsonl), or as a table (.csv: path, label,
 * right, answer1, probability1, …; with start and end where a video is a part of a file, and | between several labels).
 *
 * @example await saveResults('videos.csv', (await evaluate(model, data, { details: true })).results ?? [])
 * @throws C3D_INVALID_ARGUMENT (another ending), C3D_FILE
 */
export async function saveResults(file: string, results: readonly VideoResult[]): Promise<void> {
  await replaceFile(file, resultsWriter(file)(results))
}

/** By the file's ending; throws C3D_INVALID_ARGUMENT for one that is not known. */
export function resultsWriter(file: string): (results: readonly VideoResult[]) => string {
  const writer = writers[path.extname(file).toLowerCase()]
  if (writer) return writer
  throw new C3DError(
    'C3D_INVALID_ARGUMENT',
    `Expected a name that ends with .jsonl or .csv for the answers to the videos, got '${file}'.`,
  )
}

function resultsCsv(results: readonly VideoResult[]): string {
  const answers = results[0]?.top.length ?? 0
  const header = Array.from({ length: answers }, (_, i) => [`answer${i + 1}`, `probability${i + 1}`])
  return toCsv([
    ['path', 'start', 'end', 'label', 'right', ...header.flat()],
    ...results.map(({ path: file, start = '', end = '', label, labels, right, top }) => [
      ...[file, start, end, labels?.join('|') ?? label, String(right)],
      ...top.flatMap((answer) => [answer.label, answer.probability]),
    ]),
  ])
}
