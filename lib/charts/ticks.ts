/** Steps between ticks, times a power of ten. */
const STEPS = [1, 2, 5, 10]

/**
 * Round numbers, evenly spaced, from at or below `least` to at or above `most`.
 *
 * @param count about how many; there may be a few more or less
 * @param smallestStep 1 where only whole numbers mean something
 */
export function ticks(least: number, most: number, count: number, smallestStep = 0): number[] {
  const wanted = Math.max((most - least) / count, smallestStep) || 1
  const power = 10 ** Math.floor(Math.log10(wanted))
  const step = (STEPS.find((factor) => factor * power >= wanted * (1 - 1e-9)) ?? 10) * power
  const first = Math.floor(least / step + 1e-9)
  const last = Math.max(first + 1, Math.ceil(most / step - 1e-9))
  const decimals = Math.max(0, -Math.floor(Math.log10(step)))
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toFixed(decimals)))
}
