/**
 * Seeded random numbers, the same on every machine: splitmix32 spreads the seed, mulberry32 draws. Good enough to
 * shuffle and to render, not for cryptography.
 */
export class Random {
  #state: number

  /** Equal keys give equal numbers; each part counts, and so does their order. */
  constructor(...key: (number | string)[]) {
    this.#state = 0
    for (const part of key) this.#state = mix(this.#state ^ hash(String(part)))
  }

  /** Uniform, 0 <= x < 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  /** Uniform, from <= x < to. */
  between(from: number, to: number): number {
    return from + (to - from) * this.next()
  }

  /** A whole number, 0 <= x < count. */
  below(count: number): number {
    return Math.floor(this.next() * count)
  }

  /** The same elements in a random order (Fisher-Yates). */
  shuffled<T>(elements: readonly T[]): T[] {
    const result = [...elements]
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const held = result[i] as T
      result[i] = result[j] as T
      result[j] = held
    }
    return result
  }
}

/** FNV-1a over UTF-16 units. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value
}

/** splitmix32's finisher. */
function mix(value: number): number {
  let z = (value + 0x9e3779b9) | 0
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
  return z ^ (z >>> 16)
}
