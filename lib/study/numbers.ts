import type { Spread } from './events'

/** How a study's tables and charts write numbers. */

export function percent(part: number): string {
  return `${(100 * part).toFixed(1)}%`
}

/** '97.1% ±0.4', or '97.1%' for a single value. */
export function percentOf({ mean, deviation }: Spread): string {
  return deviation === null ? percent(mean) : `${percent(mean)} ±${(100 * deviation).toFixed(1)}`
}

/** A relative difference: '+0.02%'. */
export function differenceOf(value: number, target: number): string {
  const difference = 100 * (value / target - 1)
  return `${difference < 0 ? '-' : '+'}${Math.abs(difference).toFixed(2)}%`
}
