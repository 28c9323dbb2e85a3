import type { ModelState } from '../model'
import { C3DError, rethrowNative } from '../native/errors'
import { channelsLast } from './clip-pixels'

/** The kernels of the first convolution, which are little videos. */
export interface FirstFilters {
  layer: string
  /** As RGB, for input in the units of the network's. */
  data: Float32Array
  /** [filters, frames, height, width, 3] */
  shape: [number, number, number, number, number]
}

/** See C3D.firstFilters. */
export function firstFilters({ native, config }: ModelState): FirstFilters {
  const first = config.architecture.layers.find(({ type }) => type === 'conv')
  if (first?.type !== 'conv')
    throw new C3DError('C3D_INVALID_ARGUMENT', 'The network has no convolution whose filters could be shown.')
  const values = rethrowNative(() => native.readTensor(`${first.name}.weight`))
  const size = values.length / first.filters
  const data = new Float32Array(values.length)
  for (let filter = 0; filter < first.filters; filter++)
    data.set(channelsLast(values.subarray(filter * size, (filter + 1) * size), config), filter * size)
  return { layer: first.name, data, shape: [first.filters, ...first.kernel, 3] }
}
