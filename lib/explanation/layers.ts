import type { ModelConfig } from '../config/model'
import type { NativeLayerSummary } from '../native/binding'
import { C3DError } from '../native/errors'

/** Throws C3D_INVALID_ARGUMENT for a layer that the network does not have. */
export function requireLayer(
  { architecture }: ModelConfig,
  layers: readonly NativeLayerSummary[],
  layer: string,
): NativeLayerSummary {
  const found = layers.find(({ name }) => name === layer)
  if (found) return found
  throw new C3DError(
    'C3D_INVALID_ARGUMENT',
    `Expected a layer of '${architecture.name}' (${layers.map(({ name }) => name).join(', ')}), got '${layer}'.`,
  )
}
