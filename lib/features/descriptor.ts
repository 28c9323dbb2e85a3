/** The C3D descriptor (section 3.3 of the paper): the mean of a video's clips, L2-normalised. */

/** A running mean of vectors, in double precision. */
export class MeanVector {
  #sum: Float64Array | undefined
  #count = 0

  add(values: Float32Array): void {
    this.#sum ??= new Float64Array(values.length)
    const sum = this.#sum
    for (let i = 0; i < values.length; i++) sum[i] = (sum[i] ?? 0) + (values[i] ?? 0)
    this.#count++
  }

  mean(): Float32Array {
    return Float32Array.from(this.#sum ?? [], (sum) => sum / this.#count)
  }
}

/** Divided by its length; all zeros stay as they are. */
export function l2Normalized(values: Float32Array): Float32Array {
  let squares = 0
  for (const value of values) squares += value * value
  const length = Math.sqrt(squares)
  return length > 0 ? values.map((value) => value / length) : values
}
