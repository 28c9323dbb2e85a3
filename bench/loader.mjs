// How fast clips are read, side by side with PyAV and OpenCV where python3 has them, on one thread each:
//
//   npm run bench:loader                      videos that it renders
//   npm run bench:loader -- FOLDER…           videos in these folders, told apart by folder and kind of file
//   npm run bench:loader -- --json FOLDER…    one JSON object instead of a table
//
// Rows: a clip of 16 frames at a random place, the video opened for it alone; several clips of a video in a random
// order, the video opened for each, as loaders do; the same ordered, the video opened once. The rounds alternate
// between the libraries; figures are medians. Frames are counted before, and not timed.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { Peers } from './peers.mjs'
import { renderVideos } from './videos.mjs'

const { addon } = createRequire(import.meta.url)('../dist/native/addon.js')

/** @typedef {{ file: string, set: import('../lib/native/binding.js').NativeVideoSet, frames: number }} Video */
/** @typedef {{ video: Video, clips: number[] }} VideoClips First frames of the clips. */
/** @typedef {{ name: string, videos: Video[] }} Group */
/** @typedef {{ row: string, group: string, clips: number, rates: Record<string, number> }} Row Clips a second. */

const FRAMES = 16
const SIZE = { width: 171, height: 128 }
const CLIPS_PER_VIDEO = 5
const VIDEO_FILE = /\.(avi|mkv|mov|mp4|mpe?g|webm)$/i

const { values, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    videos: { type: 'string', default: '20' },
  },
})
const rounds = Number(values.rounds)
const mostVideos = Number(values.videos)

const peers = await Peers.start()
const rendered = folders.length === 0 ? mkdtempSync(path.join(tmpdir(), 'torch-c3d-bench-')) : undefined
try {
  if (rendered) folders.push(...(await renderVideos(rendered)))
  const groups = await findGroups(folders)
  const rows = []
  for (const group of groups) rows.push(...(await measure(group)))
  print(rows)
} finally {
  peers.close()
  if (rendered) rmSync(rendered, { recursive: true })
}

/**
 * @param {string[]} places
 * @returns {Promise<Group[]>}
 */
async function findGroups(places) {
  /** @type {Map<string, string[]>} */
  const files = new Map()
  for (const folder of places)
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !VIDEO_FILE.test(entry.name)) continue
      const name = `${path.basename(path.resolve(folder))} ${path.extname(entry.name)}`
      const file = path.join(entry.parentPath ?? entry.path, entry.name)
      files.set(name, [...(files.get(name) ?? []), file])
    }
  const groups = []
  for (const [name, found] of files) {
    const step = Math.max(1, found.length / mostVideos)
    const chosen = found.sort().filter((_, i) => Math.floor(i % step) === 0)
    const videos = []
    for (const file of chosen.slice(0, mostVideos)) videos.push(await countFrames(file))
    groups.push({ name, videos: videos.filter(({ frames }) => frames >= FRAMES) })
  }
  return groups
}

/**
 * @param {string} file
 * @returns {Promise<Video>}
 */
async function countFrames(file) {
  const set = await addon().indexVideos([file], { threads: 1, cache: null }, () => {}).done
  return { file, set, frames: set.videos[0].problem ? 0 : set.videos[0].frames }
}

/**
 * @param {Group} group
 * @returns {Promise<Row[]>}
 */
async function measure({ name, videos }) {
  const single = { row: 'one clip an opening', jobs: videos.map(randomClips(4)), together: false }
  const several = videos.map(randomClips(CLIPS_PER_VIDEO))
  const ordered = several.map(({ video, clips }) => ({ video, clips: [...clips].sort((a, b) => a - b) }))
  const modes = [
    single,
    { row: `${CLIPS_PER_VIDEO} clips a video, opened for each`, jobs: several, together: false },
    { row: `${CLIPS_PER_VIDEO} clips a video, opened once`, jobs: ordered, together: true },
  ]
  const rows = []
  for (const { row, jobs, together } of modes) {
    const clips = jobs.reduce((sum, job) => sum + job.clips.length, 0)
    rows.push({ row, group: name, clips, rates: await clipRates(jobs, together, clips) })
  }
  return rows
}

/**
 * Clips a second of this package and of each peer: medians over rounds that alternate between them.
 * @param {VideoClips[]} jobs
 * @param {boolean} together
 * @param {number} clips
 */
async function clipRates(jobs, together, clips) {
  /** @type {Record<string, number[]>} */
  const seconds = { 'torch-c3d': [], ...Object.fromEntries(peers.names.map((peer) => [peer, []])) }
  for (let round = 0; round < rounds; round++)
    for (const [library, times] of Object.entries(seconds))
      times.push(
        library === 'torch-c3d'
          ? await ownSeconds(jobs, together)
          : await peers.seconds(library, jobs, together, FRAMES, SIZE),
      )
  return Object.fromEntries(
    Object.entries(seconds).map(([library, times]) => [library, clips / median(times)]),
  )
}

/**
 * @param {VideoClips[]} jobs
 * @param {boolean} together
 */
async function ownSeconds(jobs, together) {
  const start = performance.now()
  for (const { video, clips } of jobs)
    for (const group of together ? [clips] : clips.map((first) => [first])) {
      const places = Float64Array.from(
        group.flatMap((first) => Array.from({ length: FRAMES }, (_, i) => first + i)),
      )
      const out = new Uint8Array(places.length * SIZE.width * SIZE.height * 3)
      await addon().readFrames(video.set, 0, places, { ...SIZE, channelOrder: 'rgb' }, out).done
    }
  return (performance.now() - start) / 1000
}

/**
 * @param {number} count
 * @returns {(video: Video, place: number) => VideoClips}
 */
function randomClips(count) {
  return (video, place) => ({
    video,
    clips: Array.from({ length: count }, (_, i) =>
      Math.floor(fraction(place * 31 + i) * (video.frames - FRAMES + 1)),
    ),
  })
}

/**
 * The same number from 0 to below 1 for the same whole number.
 * @param {number} key
 */
function fraction(key) {
  const mixed = Math.imul(key + 1, 0x9e3779b1)
  return (Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) >>> 0) / 2 ** 32
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/** @param {Row[]} rows */
function print(rows) {
  const libraries = ['torch-c3d', ...peers.names]
  const others = (/** @type {Row} */ { rates }) => peers.names.map((peer) => rates[peer] ?? 0)
  const ratio = (/** @type {Row} */ row) => (row.rates['torch-c3d'] ?? 0) / Math.max(...others(row))
  if (values.json) {
    const table = rows.map((row) => ({ ...row, ...(peers.names.length > 0 ? { ratio: ratio(row) } : {}) }))
    console.log(
      JSON.stringify({
        versions: peers.versions,
        ffmpeg: addon().videoBackend(),
        frames: FRAMES,
        ...SIZE,
        rounds,
        rows: table,
      }),
    )
    return
  }
  console.log(
    `clips of ${FRAMES} frames at ${SIZE.width}x${SIZE.height} a second, one thread, medians of ${rounds} rounds`,
  )
  console.log(`${addon().videoBackend()}; ${peers.description}\n`)
  const heads = [
    'videos',
    'reading',
    'clips',
    ...libraries,
    ...(peers.names.length > 0 ? ['to the best other'] : []),
  ]
  const cells = rows.map((row) => [
    row.group,
    row.row,
    String(row.clips),
    ...libraries.map((library) => (row.rates[library] ?? 0).toFixed(1)),
    ...(peers.names.length > 0 ? [`${ratio(row).toFixed(2)}x`] : []),
  ])
  const widths = heads.map((head, i) => Math.max(head.length, ...cells.map((row) => row[i]?.length ?? 0)))
  for (const line of [heads, ...cells])
    console.log(
      line.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
}
