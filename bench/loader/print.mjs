import { CACHED, SINGLE } from './measure.mjs'

/** @typedef {import('./measure.mjs').Row} Row */
/** @typedef {import('./measure.mjs').LoaderSpeed} LoaderSpeed */

/**
 * Of the clips a second, to those of the best peer.
 *
 * @param {Row} row
 * @param {string[]} peers one at least
 */
export function ratioToPeers({ rates }, peers) {
  return (rates['torch-c3d'] ?? 0) / Math.max(...peers.map((peer) => rates[peer] ?? 0))
}

/**
 * @param {LoaderSpeed} speed
 * @param {{ rounds: number, byProcessor: boolean }} how it was measured
 */
export function printLoader(speed, { rounds, byProcessor }) {
  const { rows, peers, ffmpeg, description, frames, width, height } = speed
  const libraries = ['torch-c3d', ...peers]
  console.log(
    `clips of ${frames} frames at ${width}x${height} a second${byProcessor ? ' of processor time' : ''}, one thread, medians of ${rounds} rounds`,
  )
  console.log(`${ffmpeg}; ${description}\n`)
  const heads = [
    'videos',
    'reading',
    'clips',
    ...libraries,
    ...(peers.length > 0 ? ['to the best other'] : []),
  ]
  const cells = rows.map((row) => [
    row.group,
    row.row,
    String(row.clips),
    ...libraries.map((library) => (row.rates[library] ?? 0).toFixed(1)),
    ...(peers.length > 0 ? [`${ratioToPeers(row, peers).toFixed(2)}x`] : []),
  ])
  const widths = heads.map((head, i) => Math.max(head.length, ...cells.map((row) => row[i]?.length ?? 0)))
  for (const line of [heads, ...cells])
    console.log(
      line.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
  const own = (/** @type {string} */ group, /** @type {string} */ row) =>
    rows.find((candidate) => candidate.group === group && candidate.row === row)?.rates['torch-c3d'] ?? 0
  for (const group of new Set(rows.map((row) => row.group))) {
    const times = own(group, CACHED) / own(group, SINGLE)
    console.log(`${group}: the disk cache gives ${times.toFixed(1)} times the clips of decoding each`)
  }
}
