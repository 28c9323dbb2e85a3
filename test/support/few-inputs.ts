import type { C3D } from '../../lib'

/**
 * Weights that make every activation up to the classifier a small whole number, of wholeNumbers, which bfloat16 holds
 * exactly: each filter and each unit takes one of its inputs, or the difference of two. Otherwise rounding lets some
 * ReLUs and some windows of max pooling decide differently, and then gradients differ by far more than rounding,
 * rightly.
 */
export function chooseFewInputs(model: C3D, random: () => number): void {
  const below = (count: number) => Math.floor(count * random())
  for (const { name, shape } of model.tensors()) {
    if (name.includes('_bn.')) continue // new: by 0.999995, which bfloat16 rounds to 1
    const [filters = 0, channels = 0, ...kernel] = shape
    const taps = kernel.reduce((a, b) => a * b, 1)
    const values = new Float32Array(filters * taps * (name.endsWith('.weight') ? channels : 1))
    if (name === 'fc8.weight') {
      values.forEach((_, i) => {
        values[i] = (below(9) - 4) / 32
      })
    } else if (name.endsWith('.weight')) {
      for (let filter = 0; filter < filters; filter++) {
        const first = filter * channels * taps
        // The middle one, or any.
        const tap = filter % 4 === 0 ? below(taps) : (taps - 1) / 2
        values[first + (filter % channels) * taps + tap] = 1
        if (filter % 3 === 0) values[first + below(channels * taps)] = -1
      }
    } else if (name.startsWith('conv')) {
      values.fill(1)
    }
    model.writeTensor(name, values)
  }
}

/** From -8 to 8. */
export function wholeNumbers(length: number, random: () => number): Float32Array {
  return Float32Array.from({ length }, () => Math.floor(17 * random()) - 8)
}
