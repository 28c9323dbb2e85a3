import * as z from 'zod'
import { expected, finiteNumber, nearestWord, settings, text, wholeNumber } from './fields'

/** A name as manifests have it; JSON may give it as a number. */
function name(what: string) {
  const error = expected(what)
  return z.union([z.string({ error }).min(1, { error }), z.number({ error }).transform(String)], { error })
}

/** One entry of a manifest. */
export const manifestRowSchema = settings({
  /** Relative to the manifest's folder, or to `root`. */
  path: text('the path of a video'),
  label: name('the name of a class').optional(),
  /** For videos of several classes, or none. In CSV the names have | between them. */
  labels: z.array(name('the name of a class'), { error: expected('a list of class names') }).optional(),
  /** First frame, counted from 0. */
  start: wholeNumber({ atLeast: 0 }).optional(),
  /** The frame behind the last one. */
  end: wholeNumber({ atLeast: 1 }).optional(),
  /** The same in seconds; times the video's frame rate. */
  startSeconds: finiteNumber({ atLeast: 0 }).optional(),
  endSeconds: finiteNumber({ above: 0 }).optional(),
  /** Videos of one group show the same scene or person and never part in a split. */
  group: name('the name of a group').optional(),
  /** Which part of the data it belongs to, like 'train'. */
  split: name('the name of a part').optional(),
})

export type ManifestEntry = z.output<typeof manifestRowSchema>

export const manifestColumns = Object.keys(manifestRowSchema.shape)

/**
 * A column that a manifest does not know is passed over, unless it looks like a slip of the pen: near a known column
 * that is not there. Returns both names then.
 */
export function misspelledColumn(names: readonly string[]): { name: string; meant: string } | undefined {
  const absent = manifestColumns.filter((column) => !names.includes(column))
  for (const given of names) {
    if (manifestColumns.includes(given)) continue
    const meant = nearestWord(given, absent)
    if (meant !== undefined) return { name: given, meant }
  }
  return undefined
}
