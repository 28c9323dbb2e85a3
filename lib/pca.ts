import * as z from 'zod'
import { finiteNumber, settings, wholeNumber } from './config/fields'
import { type PcaOptions, pcaSchema } from './config/linear'
import { parse } from './config/parse'
import { FeatureSet } from './features/feature-set'
import { readLinearFile, writeLinearFile } from './linear/linear-file'
import { allRows, nativeRows } from './linear/rows'
import { addon } from './native/addon'
import type { NativePca } from './native/binding'
import { C3DError } from './native/errors'
import { runTask } from './native/task'

const KEY = 'torch-c3d-pca'

const fileSchema = settings({
  formatVersion: z.literal(1),
  components: wholeNumber({ atLeast: 1 }),
  dimensions: wholeNumber({ atLeast: 1 }),
  layer: z.string(),
  totalVariance: finiteNumber({ atLeast: 0 }),
})

/** Principal component analysis: the directions in which features vary most (Fig. 5 of the paper). */
export class Pca {
  /** Values of the features it is for. */
  readonly dimensions: number
  readonly components: number
  /** Which features it is for, like 'fc6'. */
  readonly layer: string
  readonly #native: NativePca

  private constructor(native: NativePca, layer: string) {
    this.dimensions = native.mean.length
    this.components = native.variances.length
    this.layer = layer
    this.#native = native
  }

  /**
   * Finds the components of all rows.
   *
   * @example const pca = await Pca.fit(training, { components: 50 })
   * @throws C3D_INVALID_ARGUMENT (more components than rows - 1 or values, values that are not finite), C3D_ABORTED
   */
  static async fit(features: FeatureSet, options: PcaOptions): Promise<Pca> {
    const { components, signal } = parse(pcaSchema, options, 'pca')
    const rows = nativeRows(features, allRows(features))
    const native = await runTask(() => addon().fitPca(rows, components), signal)
    return new Pca(native, features.layer)
  }

  /** Part of the variance that each component holds, of all there is; the largest first. */
  get explainedVariance(): number[] {
    const { variances, totalVariance } = this.#native
    return Array.from(variances, (variance) => (totalVariance > 0 ? variance / totalVariance : 0))
  }

  /**
   * The features along the components.
   *
   * @throws C3D_INVALID_ARGUMENT for features of another number of values
   */
  async transform(features: FeatureSet, options: { signal?: AbortSignal } = {}): Promise<FeatureSet> {
    if (features.dimensions !== this.dimensions)
      throw new C3DError(
        'C3D_INVALID_ARGUMENT',
        `Expected features of ${this.dimensions} values (${this.layer}), got ${features.dimensions} (${features.layer}).`,
      )
    const rows = nativeRows(features, allRows(features))
    const data = await runTask(() => addon().projectPca(rows, this.#native), options.signal)
    return new FeatureSet({ ...features, data, layer: `${features.layer}, PCA ${this.components}` })
  }

  /** Writes a safetensors file with float64 `mean`, `components` and `variances`. Throws C3D_FILE. */
  async save(file: string): Promise<void> {
    const { dimensions, components, layer } = this
    const { mean, variances, totalVariance } = this.#native
    const content = { formatVersion: 1, components, dimensions, layer, totalVariance }
    await writeLinearFile(file, KEY, content, {
      mean: { data: mean, shape: [dimensions] },
      components: { data: this.#native.components, shape: [components, dimensions] },
      variances: { data: variances, shape: [components] },
    })
  }

  /** Throws C3D_FILE_NOT_FOUND, C3D_FILE, C3D_WEIGHTS (some other file, or a damaged one). */
  static async load(file: string): Promise<Pca> {
    const { content, tensors } = await readLinearFile(
      file,
      KEY,
      fileSchema,
      ({ components, dimensions }) => ({
        mean: [dimensions],
        components: [components, dimensions],
        variances: [components],
      }),
    )
    const { mean, components, variances } = tensors as Record<
      'mean' | 'components' | 'variances',
      Float64Array
    >
    return new Pca({ mean, components, variances, totalVariance: content.totalVariance }, content.layer)
  }
}
