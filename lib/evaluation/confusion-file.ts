import path from 'node:path'
import { toCsv } from '../files/csv'
import { replaceFile } from '../files/replace-file'
import { loadSvgRenderer, svgToPng } from '../files/svg-to-png'
import { C3DError } from '../native/errors'
import { type ConfusionMatrix, confusionSvg } from './confusion-svg'
import type { VideoScores } from './video-metrics'

type Writer = (matrix: ConfusionMatrix) => string | Promise<Buffer>

const writers: Readonly<Record<string, Writer>> = {
  '.csv': confusionCsv,
  '.svg': confusionSvg,
  '.png': (matrix) => svgToPng(confusionSvg(matrix)),
}

/**
 * Writes the confusion matrix of an evaluation: as numbers (.csv; a row for each class, a column for each answer) or as
 * a picture (.svg or .png).
 *
 * @example await saveConfusion('matrix.svg', await evaluate(model, data))
 * @throws C3D_INVALID_ARGUMENT (another ending; an evaluation of a multi-label model, which has no such matrix),
 * C3D_INVALID_CONFIG (a .png without the optional packages that draw it), C3D_FILE
 */
export async function saveConfusion(
  file: string,
  { confusion, perClass }: Pick<VideoScores, 'confusion' | 'perClass'>,
): Promise<void> {
  const write = writerOf(file)
  if (confusion === undefined) throw noMatrix()
  await replaceFile(file, await write({ confusion, perClass }))
}

/** Throws what `saveConfusion` will, as far as that can be told before anything is evaluated. */
export async function requireConfusionFile(
  file: string,
  { multiLabel }: { multiLabel: boolean },
): Promise<void> {
  writerOf(file)
  if (multiLabel) throw noMatrix()
  if (endingOf(file) === '.png') await loadSvgRenderer()
}

function noMatrix(): C3DError {
  return new C3DError(
    'C3D_INVALID_ARGUMENT',
    'A multi-label model has no confusion matrix: its answer to a video is not one of the classes. See precision and recall by class, or write the answers with --details.',
  )
}

function endingOf(file: string): string {
  return path.extname(file).toLowerCase()
}

function writerOf(file: string): Writer {
  const writer = writers[endingOf(file)]
  if (writer) return writer
  throw new C3DError(
    'C3D_INVALID_ARGUMENT',
    `Expected a name that ends with .csv, .svg or .png for the confusion matrix, got '${file}'.`,
  )
}

function confusionCsv({ confusion, perClass }: ConfusionMatrix): string {
  const labels = perClass.map(({ label }) => label)
  return toCsv([['class', ...labels], ...confusion.map((row, i) => [labels[i] ?? '', ...row])])
}
