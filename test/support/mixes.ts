/**
 * How the clips of a step are mixed, written plainly from docs/recipes.md and the papers' code: what the package draws
 * must be this.
 */

const WORD = (1n << 64n) - 1n
const STEP = 0x9e3779b97f4a7c15n

function scrambled(value: bigint): bigint {
  let mixed = value
  mixed = ((mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n) & WORD
  mixed = ((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn) & WORD
  return mixed ^ (mixed >> 31n)
}

/** Splitmix64, seeded by several keys. */
export class RandomStream {
  #state = 0n

  constructor(...keys: number[]) {
    for (const key of keys)
      this.#state = (scrambled(this.#state ^ scrambled((BigInt(key) + STEP) & WORD)) + STEP) & WORD
  }

  next(): bigint {
    this.#state = (this.#state + STEP) & WORD
    return scrambled(this.#state)
  }

  /** From 0 to below 1. */
  fraction(): number {
    return Number(this.next() >> 11n) / 2 ** 53
  }

  below(count: number): number {
    const size = BigInt(count)
    const incomplete = (1n << 64n) % size
    let number = this.next()
    while (number < incomplete) number = this.next()
    return Number(number % size)
  }
}

function gamma(shape: number, random: RandomStream): number {
  const boost = shape < 1 ? (1 - random.fraction()) ** (1 / shape) : 1
  const d = (shape < 1 ? shape + 1 : shape) - 1 / 3
  for (;;) {
    const radius = Math.sqrt(-2 * Math.log(1 - random.fraction()))
    const normal = radius * Math.cos(2 * Math.PI * random.fraction())
    const v = (1 + normal / Math.sqrt(9 * d)) ** 3
    if (v > 0 && Math.log(1 - random.fraction()) < normal ** 2 / 2 + d - d * v + d * Math.log(v))
      return boost * d * v
  }
}

export interface MixSettings {
  mixup: number
  cutmix: number
  probability: number
  switchProbability: number
}

export interface PlainMix {
  /** Of a clip in itself. */
  share: number
  partners: number[]
  /** x, y, width, height; null: MixUp. */
  box: [number, number, number, number] | null
}

/** @param step updates before this one */
export function plainMix(
  { mixup, cutmix, probability, switchProbability }: MixSettings,
  { seed, step, clips, width, height }: Record<'seed' | 'step' | 'clips' | 'width' | 'height', number>,
): PlainMix {
  const random = new RandomStream(100, seed, step)
  const own = Array.from({ length: clips }, (_, i) => i)
  if (random.fraction() >= probability) return { share: 1, partners: own, box: null }
  const cuts = mixup > 0 && cutmix > 0 ? random.fraction() < switchProbability : cutmix > 0
  const alpha = cuts ? cutmix : mixup
  const [a, b] = [gamma(alpha, random), gamma(alpha, random)]
  const share = a / (a + b)
  const partners = own
  for (let left = clips; left > 1; left--) {
    const other = random.below(left)
    ;[partners[left - 1], partners[other]] = [partners[other] as number, partners[left - 1] as number]
  }
  if (!cuts) return { share, partners, box: null }
  const edges = (whole: number): [number, number] => {
    const half = Math.floor(Math.floor(whole * Math.sqrt(1 - share)) / 2)
    const centre = random.below(whole)
    return [Math.max(centre - half, 0), Math.min(centre + half, whole)]
  }
  const [[left, right], [top, bottom]] = [edges(width), edges(height)]
  const area = (right - left) * (bottom - top)
  return { share: 1 - area / (width * height), partners, box: [left, top, right - left, bottom - top] }
}

/** Network inputs [n, 3, frames, height, width] mixed in that way. */
export function plainlyMixed(input: Float32Array, shape: readonly number[], mix: PlainMix): Float32Array {
  const [clips = 0, , , height = 0, width = 0] = shape
  const size = input.length / clips
  return input.map((value, i) => {
    const other = input[(mix.partners[Math.floor(i / size)] as number) * size + (i % size)] as number
    if (!mix.box) return mix.share * value + (1 - mix.share) * other
    const [x, y] = [i % width, Math.floor(i / width) % height]
    const [left, top, boxWidth, boxHeight] = mix.box
    return x >= left && x < left + boxWidth && y >= top && y < top + boxHeight ? other : value
  })
}
