import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Architecture } from '../config/architectures'

/** Parameters or multiply-accumulates of a network. */
export type Measure = (architecture: Architecture) => number

/** Doublings of the first interval, and halvings of the last, in the search for a factor. */
const DOUBLINGS = 20
const HALVINGS = 30

/**
 * The same network with all its filters and units scaled by one factor, so that `measure` comes as near to `target` as
 * whole numbers allow: first the largest common factor that does not exceed it, then layers wider or narrower by one,
 * singly and in twos, as long as that helps. Lets the event loop do other things in between.
 */
export async function matchWidths(
  architecture: Architecture,
  target: number,
  measure: Measure,
): Promise<Architecture> {
  let best = scaled(architecture, factorBelow(architecture, target, measure))
  let miss = Math.abs(measure(best) - target)
  const proportional = widths(best)
  for (let isBetter = true; isBetter && miss > 0; ) {
    isBetter = false
    for (const candidate of neighbours(best, proportional)) {
      const other = Math.abs(measure(candidate) - target)
      await nextTurn()
      if (other >= miss) continue
      best = candidate
      miss = other
      isBetter = true
    }
  }
  return best
}

/** All widths times `factor`, at least 1. */
export function scaled(architecture: Architecture, factor: number): Architecture {
  return withWidths(
    architecture,
    widths(architecture).map((width) => Math.max(1, Math.round(width * factor))),
  )
}

/** The largest factor that does not exceed the target; measures grow with it. */
function factorBelow(architecture: Architecture, target: number, measure: Measure): number {
  const fits = (factor: number) => measure(scaled(architecture, factor)) <= target
  let high = 1
  for (let i = 0; i < DOUBLINGS && fits(high); i++) high *= 2
  let low = 0
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2
    if (fits(middle)) low = middle
    else high = middle
  }
  return low
}

/** With one or two layers wider or narrower by one filter or unit, but never by more than that from `proportional`. */
function neighbours(architecture: Architecture, proportional: readonly number[]): Architecture[] {
  const singly = (now: readonly number[]): number[][] =>
    now.flatMap((width, layer) =>
      [width - 1, width + 1]
        .filter((other) => other >= 1 && Math.abs(other - (proportional[layer] ?? other)) <= 1)
        .map((other) => now.with(layer, other)),
    )
  const once = singly(widths(architecture))
  return [...once, ...once.flatMap(singly)].map((changed) => withWidths(architecture, changed))
}

function widths({ layers }: Architecture): number[] {
  return layers.flatMap((layer) => {
    if (layer.type === 'pool') return []
    return [layer.type === 'conv' ? layer.filters : layer.units]
  })
}

/** Linear layers no longer say how many inputs they expect: narrower layers deliver fewer. */
function withWidths(architecture: Architecture, given: readonly number[]): Architecture {
  const left = [...given]
  const layers = architecture.layers.map((layer) => {
    if (layer.type === 'pool') return layer
    const width = left.shift() ?? 1
    return layer.type === 'conv' ? { ...layer, filters: width } : { ...layer, units: width, inputs: 0 }
  })
  return { ...architecture, layers }
}
