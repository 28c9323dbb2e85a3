import type { FeaturePooling } from '../config/features'
import type { ModelConfig } from '../config/model'
import type { NativeLayerSummary, NativeReadout } from '../native/binding'
import { C3DError } from '../native/errors'
import { activate } from '../scoring'

/** What is read off the network. */
export interface Readout {
  native: NativeReadout
  /** [C, T, H, W] of a convolution or pool, [values] of everything else. */
  shape: number[]
  /** What becomes of a clip's activations. */
  finish(values: Float32Array): Float32Array
}

/** The softmax of the classifier (sigmoid of a multi-label one), as the paper's prototxt calls it. */
const PROBABILITIES = 'prob'

/**
 * @param layers those of the network
 * @throws C3D_INVALID_ARGUMENT for a layer that the network does not have
 */
export function resolveReadout(
  { architecture, classes, multiLabel }: ModelConfig,
  layers: readonly NativeLayerSummary[],
  layer: string,
  pooling: FeaturePooling,
): Readout {
  const asIs = (values: Float32Array) => values
  const found = layers.find(({ name }) => name === layer)
  if (found) {
    const pools = pooling !== 'none' && found.output.length > 1
    const shape = pools ? found.output.slice(0, 1) : found.output
    return { native: { layer, pooling }, shape, finish: asIs }
  }
  if (layer === PROBABILITIES)
    return {
      native: { layer: architecture.classifier, pooling: 'none' },
      shape: [classes.length],
      finish: (logits) => Float32Array.from(activate(logits, multiLabel)),
    }
  const known = [...layers.map(({ name }) => name), PROBABILITIES]
  throw new C3DError(
    'C3D_INVALID_ARGUMENT',
    `Expected a layer of '${architecture.name}' (${known.join(', ')}), got '${layer}'.`,
  )
}
