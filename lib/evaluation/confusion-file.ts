import path from 'node:path'
import { toCsv } from '../files/csv'
import { replaceFile } from '../files/replace-file'
import { C3DError } from '../native/errors'
import { confusionSvg } from './confusion-svg'
import type { VideoScores } from './video-metrics'

/** What a confusion matrix is written from. */
export type ConfusionMatrix = Pick<VideoScores, 'confusion' | 'perClass'>

const writers: Readonly<Record<string, (matrix: ConfusionMatrix) => string>> = {
  '.csv': confusionCsv,
  '.svg': confusionSvg,
}

/**
 * Writes the confusion matrix of an evaluation: as numbers (.csv; a row for each class, a column for each answer) or as
 * a picture (.svg).
 *
 * @example await saveConfusion('matrix.svg', await evaluate(model, data))
 * @throws C3D_INVALID_ARGUMENT (another ending), C3D_FILE
 */
export async function saveConfusion(file: string, matrix: ConfusionMatrix): Promise<void> {
  await replaceFile(file, confusionWriter(file)(matrix))
}

/** By the file's ending; throws C3D_INVALID_ARGUMENT for one that is not known. */
export function confusionWriter(file: string): (matrix: ConfusionMatrix) => string {
  const writer = writers[path.extname(file).toLowerCase()]
  if (writer) return writer
  throw new C3DError(
    'C3D_INVALID_ARGUMENT',
    `Expected a name that ends with .csv or .svg for the confusion matrix, got '${file}'. Browsers show .svg, and can print it or save it as .png.`,
  )
}

function confusionCsv({ confusion, perClass }: ConfusionMatrix): string {
  const labels = perClass.map(({ label }) => label)
  return toCsv([['class', ...labels], ...confusion.map((row, i) => [labels[i] ?? '', ...row])])
}
