/**
 * The twelve similarities and distances of Kliper-Gross, Hassner and Wolf, "The Action Similarity Labeling Challenge"
 * (TPAMI 2012), Table 3, of two vectors x and y without negative values. The last four are of vectors that are
 * normalised first; the table does not say how: here, to a sum of 1, for which 10 is a divergence of distributions.
 *
 * Terms that are 0 / 0 count 0. In 10, what is 0 counts as 1e-10: the table does not say what then becomes of the
 * logarithm.
 */
export const distances: Readonly<Record<string, (x: Float32Array, y: Float32Array) => number>> = {
  'inner product': (x, y) => sum(x, y, (a, b) => a * b),
  'root of the inner product': (x, y) => Math.sqrt(sum(x, y, (a, b) => a * b)),
  'root of the inner product of roots': (x, y) => Math.sqrt(sum(x, y, (a, b) => Math.sqrt(a) * Math.sqrt(b))),
  'root of harmonic means': (x, y) => Math.sqrt(sum(x, y, (a, b) => quotient(a * b, a + b))),
  cosine: (x, y) =>
    quotient(
      sum(x, y, (a, b) => a * b),
      length(x) * length(y),
    ),
  'chi-square': (x, y) => Math.sqrt(sum(x, y, (a, b) => quotient((a - b) ** 2, a + b))),
  'city block': (x, y) => sum(x, y, (a, b) => Math.abs(a - b)),
  Hellinger: (x, y) => Math.sqrt(sum(x, y, (a, b) => (Math.sqrt(a) - Math.sqrt(b)) ** 2)),
  Euclidean: ofNormalized((x, y) => Math.sqrt(sum(x, y, (a, b) => (a - b) ** 2))),
  'symmetric Kullback-Leibler': ofNormalized((x, y) =>
    sum(x, y, (a, b) => {
      const [p, q] = [Math.max(a, LEAST), Math.max(b, LEAST)]
      return (p * Math.log(p / q) + q * Math.log(q / p)) / 2
    }),
  ),
  'roots of the larger': ofNormalized((x, y) =>
    sum(x, y, (a, b) => quotient(Math.sqrt(Math.max(a, b)), Math.sqrt(a + b))),
  ),
  intersection: ofNormalized((x, y) =>
    quotient(sum(x, y, Math.min), sum(x, x, (a) => a) * sum(y, y, (b) => b)),
  ),
}

const LEAST = 1e-10

type Distance = (x: Float32Array | Float64Array, y: Float32Array | Float64Array) => number

function ofNormalized(distance: Distance): Distance {
  return (x, y) => distance(sumOfOne(x), sumOfOne(y))
}

function sumOfOne(x: Float32Array | Float64Array): Float64Array {
  const total = sum(x, x, (a) => a)
  return Float64Array.from(x, (value) => quotient(value, total))
}

function sum(
  x: Float32Array | Float64Array,
  y: Float32Array | Float64Array,
  term: (a: number, b: number) => number,
): number {
  let total = 0
  for (let i = 0; i < x.length; i++) total += term(x[i] ?? 0, y[i] ?? 0)
  return total
}

function length(x: Float32Array | Float64Array): number {
  return Math.sqrt(sum(x, x, (a) => a * a))
}

/** 0 / 0 is 0. */
function quotient(a: number, b: number): number {
  return a === 0 ? 0 : a / b
}
