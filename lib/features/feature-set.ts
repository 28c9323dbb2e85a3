import { C3DError } from '../native/errors'

/** A video, or one clip of it, and where it comes from. */
export interface FeatureRow {
  path: string
  /** Its class; '' where it is not known. */
  label: string
  /** All its classes, where it has several. */
  labels?: readonly string[]
  /** Rows of one group show the same scene or person, or are of one video, and never part in a cross-validation. */
  group: number
  /** First frame, and the one behind the last, where the row is a part of the video. */
  start?: number
  end?: number
}

export interface FeatureSetContents {
  /** float32 [rows, dimensions], row-major. */
  data: Float32Array
  rows: readonly FeatureRow[]
  /** Names of the classes, in order. */
  classes: readonly string[]
  /** What the values are, like 'fc6'. */
  layer: string
}

/** Feature vectors of videos or of their clips. */
export class FeatureSet implements FeatureSetContents {
  readonly data: Float32Array
  readonly rows: readonly FeatureRow[]
  readonly classes: readonly string[]
  readonly layer: string
  /** Values of each row. */
  readonly dimensions: number

  /** Throws C3D_INVALID_ARGUMENT when the values are not as many for each row, or a label is no class. */
  constructor({ data, rows, classes, layer }: FeatureSetContents) {
    const dimensions = data.length / rows.length
    if (rows.length === 0 || !Number.isInteger(dimensions) || dimensions === 0)
      throw new C3DError(
        'C3D_INVALID_ARGUMENT',
        `Expected the same number of values for each of one or more rows, got ${data.length} values and ${rows.length} rows.`,
      )
    const unknown = rows.find(({ label }) => label !== '' && !classes.includes(label))
    if (unknown)
      throw new C3DError(
        'C3D_INVALID_ARGUMENT',
        `Expected one of the classes ${classes.join(', ')}, but '${unknown.path}' has '${unknown.label}'.`,
      )
    this.data = data
    this.rows = rows
    this.classes = classes
    this.layer = layer
    this.dimensions = dimensions
  }

  /** The values of one row; shares the set's memory. */
  row(place: number): Float32Array {
    return this.data.subarray(place * this.dimensions, (place + 1) * this.dimensions)
  }

  /** The rows for which `filter` returns true. The classes stay the same. */
  subset(filter: (row: FeatureRow, place: number) => boolean): FeatureSet {
    const places = this.rows.flatMap((row, place) => (filter(row, place) ? [place] : []))
    const data = new Float32Array(places.length * this.dimensions)
    places.forEach((place, i) => {
      data.set(this.row(place), i * this.dimensions)
    })
    const rows = places.map((place) => this.rows[place] as FeatureRow)
    return new FeatureSet({ ...this, data, rows })
  }

  /**
   * The values of several sets of the same videos side by side, as section 3.3 of the paper joins three networks. Each
   * counts as much as its vectors are long: L2-normalised ones count the same.
   *
   * @throws C3D_INVALID_ARGUMENT when they are not of the same videos
   */
  concat(...others: readonly FeatureSet[]): FeatureSet {
    const sets = [this, ...others]
    const places = sets.map((set) => placesOf(set, this.rows))
    const dimensions = sets.reduce((sum, set) => sum + set.dimensions, 0)
    const data = new Float32Array(this.rows.length * dimensions)
    this.rows.forEach((_, row) => {
      let at = row * dimensions
      sets.forEach((set, i) => {
        data.set(set.row(places[i]?.[row] ?? 0), at)
        at += set.dimensions
      })
    })
    return new FeatureSet({ ...this, data, layer: sets.map((set) => set.layer).join('+') })
  }
}

/** Where a set has each of the rows. */
function placesOf(set: FeatureSet, rows: readonly FeatureRow[]): number[] {
  const keyOf = ({ path, start, end }: FeatureRow) => JSON.stringify([path, start, end])
  const places = new Map(set.rows.map((row, place) => [keyOf(row), place]))
  const missing = rows.find((row) => !places.has(keyOf(row)))
  if (missing || set.rows.length !== rows.length)
    throw new C3DError(
      'C3D_INVALID_ARGUMENT',
      `Expected features of the same ${rows.length} videos or clips, but '${set.layer}' has ${set.rows.length}${missing ? ` and none of '${missing.path}'` : ''}.`,
    )
  return rows.map((row) => places.get(keyOf(row)) ?? 0)
}
