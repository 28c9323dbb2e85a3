import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { median } from '../median.mjs'
import { Peer } from './peer.mjs'

/** @typedef {import('./peer.mjs').Work} Work */
/** @typedef {NonNullable<Work['way']>} Way */
/** @typedef {{ seconds: number, memory: number, rounds: number }} Measured */
/** @typedef {Record<string, Measured | { problem: string }>} Results by side */

export const OWN = 'torch-c3d'
/** @type {Way[]} */
export const WAYS = ['eager', 'channels-last', 'compile']

/** A round does the work as often as fills so many seconds. */
const ROUND_SECONDS = 0.5
/** Work that takes longer than so many seconds is measured in so many rounds, where nobody has said how many. */
const LONG_SECONDS = 10
const LONG_ROUNDS = 3

/** One of those that are compared, in a process of its own. */
class Side {
  /** @type {number[]} seconds of doing the work once, a number for each round */
  times = []
  #runs = 1

  /**
   * @param {string} name
   * @param {Peer} peer
   */
  constructor(name, peer) {
    this.name = name
    this.peer = peer
  }

  /** Compiles, tunes and allocates; then finds out how long a round is. */
  async warmUp() {
    await this.peer.seconds(1)
    const seconds = await this.peer.seconds(1)
    this.#runs = Math.max(1, Math.round(ROUND_SECONDS / seconds))
    if (this.#runs > 1) await this.peer.seconds(this.#runs)
    else this.times.push(seconds) // that was a round
  }

  async round() {
    this.times.push(await this.peer.seconds(this.#runs))
  }
}

/**
 * Does a piece of work with this package and in some ways with PyTorch: rounds that alternate between them.
 *
 * @param {Work} work
 * @param {{ ways: Way[], rounds: number | undefined, usualRounds: number }} options
 * @returns {Promise<Results>} of PyTorch's ways why they did not work, where they did not
 */
export async function compare(work, { ways, rounds, usualRounds }) {
  /** @type {Results} */
  const results = {}
  let sides = [new Side(OWN, ownPeer()), ...ways.map((way) => new Side(way, pythonPeer(work.threads)))]
  const all = sides
  /** @param {(side: Side) => Promise<void>} action @param {Side} side */
  const attempt = async (action, side) => {
    try {
      await action(side)
    } catch (error) {
      if (side.name === OWN) throw error
      results[side.name] = { problem: error instanceof Error ? error.message : String(error) }
      side.peer.close()
      sides = sides.filter((other) => other !== side)
    }
  }
  try {
    const prepare = (/** @type {Side} */ { name, peer }) =>
      peer.prepare({ ...work, ...(name !== OWN && { way: /** @type {Way} */ (name) }) })
    await Promise.all(sides.map((side) => attempt(prepare, side)))
    for (const side of sides) await attempt((each) => each.warmUp(), side)
    const isLong = sides.some(({ times: [seconds = 0] }) => seconds > LONG_SECONDS)
    const wanted = rounds ?? (isLong ? Math.min(LONG_ROUNDS, usualRounds) : usualRounds)
    for (let round = 0; round < wanted; ++round)
      for (const side of sides) if (side.times.length < wanted) await attempt((each) => each.round(), side)
    for (const { name, peer, times } of sides)
      results[name] = {
        seconds: median(times),
        memory: await peer.peakMemory(work.device),
        rounds: times.length,
      }
  } finally {
    for (const { peer } of all) peer.close()
  }
  return results
}

/**
 * What PyTorch says of a GPU; undefined where python3 has no PyTorch that sees it.
 *
 * @param {string} device
 * @param {import('./peer.mjs').Precision[]} precisions
 */
export async function deviceFacts(device, precisions) {
  const peer = pythonPeer(1)
  try {
    return await peer.deviceFacts(device, precisions)
  } catch {
    return undefined
  } finally {
    peer.close()
  }
}

function ownPeer() {
  return new Peer(process.execPath, [file('torch-c3d.mjs')])
}

/** @param {number} threads */
function pythonPeer(threads) {
  const env = { ...process.env, PYTHONPATH: pythonPath(), OMP_NUM_THREADS: String(threads) }
  return new Peer('python3', [file('pytorch.py')], env)
}

/** Python with the PyTorch of the LibTorch that the addon was built with: scripts/prepare-bench.mjs. */
function pythonPath() {
  const given = process.env.PYTHONPATH ?? ''
  try {
    /** @type {string[]} */
    const folders = JSON.parse(readFileSync(file('../../build/bench-python-path.json'), 'utf8'))
    return [...folders, given].filter(Boolean).join(path.delimiter)
  } catch {
    return given
  }
}

/** @param {string} name */
function file(name) {
  return path.join(path.dirname(fileURLToPath(import.meta.url)), name)
}
