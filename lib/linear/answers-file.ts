import path from 'node:path'
import type { FeatureRow } from '../features/feature-set'
import { toCsv } from '../files/csv'
import { replaceFile } from '../files/replace-file'
import { C3DError } from '../native/errors'

/** What a machine said about a row. */
export interface RowAnswer extends FeatureRow {
  answer: string
  /** One for each class, in the machine's order. */
  decisions: number[]
}

type Writer = (answers: readonly RowAnswer[], classes: readonly string[]) => string

const writers: Readonly<Record<string, Writer>> = {
  '.jsonl': (answers) => answers.map((answer) => `${JSON.stringify(answer)}\n`).join(''),
  '.csv': (answers, classes) =>
    toCsv([
      ['path', 'start', 'end', 'label', 'answer', ...classes],
      ...answers.map(({ path: file, start = '', end = '', label, labels, answer, decisions }) => [
        ...[file, start, end, labels?.join('|') ?? label, answer],
        ...decisions,
      ]),
    ]),
}

/** By the file's ending; throws C3D_INVALID_ARGUMENT for one that is not known. */
export function answersWriter(file: string): Writer {
  const writer = writers[path.extname(file).toLowerCase()]
  if (writer) return writer
  throw new C3DError(
    'C3D_INVALID_ARGUMENT',
    `Expected a name that ends with .jsonl or .csv for the answers, got '${file}'.`,
  )
}

/** Throws C3D_INVALID_ARGUMENT (another ending), C3D_FILE. */
export async function saveAnswers(
  file: string,
  answers: readonly RowAnswer[],
  classes: readonly string[],
): Promise<void> {
  await replaceFile(file, answersWriter(file)(answers, classes))
}
