// How fast clips are read, side by side with PyAV and OpenCV where python3 has them, on one thread each:
//
//   npm run bench:loader                      videos that it renders
//   npm run bench:loader -- FOLDER…           videos in these folders, told apart by folder and kind of file
//   npm run bench:loader -- --json FOLDER…    one JSON object instead of a table
//   npm run bench:loader -- --clock cpu       by processor time, for machines that are busy otherwise
//
// Rows: a clip of 16 frames at a random place, the video opened for it alone; an epoch of several clips a video, read
// by a ClipLoader here, and there with an opening for each clip in a random order, as data loaders do, or ordered and
// with one opening a video; the same epoch from the disk cache. The rounds alternate between the libraries; figures
// are medians. Frames are counted, and the cache is filled, before.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { ClipLoader, VideoDataset } from 'torch-c3d'
import { Peers } from './peers.mjs'
import { renderVideos } from './videos.mjs'

const { addon } = createRequire(import.meta.url)('../dist/native/addon.js')

/** @typedef {{ file: string, set: import('../lib/native/binding.js').NativeVideoSet, frames: number }} Video */
/** @typedef {{ video: Video, clips: number[] }} VideoClips First frames of the clips. */
/** @typedef {{ name: string, videos: Video[] }} Group */
/** @typedef {{ row: string, group: string, clips: number, rates: Record<string, number> }} Row Clips a second. */
/** @typedef {{ own: () => Promise<number>, peer: (name: string) => Promise<number> }} Readers Seconds for all clips. */

const FRAMES = 16
const SIZE = { width: 171, height: 128 }
const CLIPS_PER_VIDEO = 5
/** @type {import('torch-c3d').ClipLoaderOptions['sampling']} */
const RANDOM = { mode: 'random', clipsPerVideo: CLIPS_PER_VIDEO, shuffle: 'videos' }
/** A pass of so many times the clips, because one from the cache is over before it has begun. */
const LONGER_FROM_CACHE = 40
const CACHED = 'from the disk cache'
const SINGLE = 'one clip an opening'
const VIDEO_FILE = /\.(avi|mkv|mov|mp4|mpe?g|webm)$/i

const { values, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    videos: { type: 'string', default: '20' },
    clock: { type: 'string', default: 'wall' },
  },
})
const byProcessor = values.clock === 'cpu'
const rounds = Number(values.rounds)
const mostVideos = Number(values.videos)

const peers = await Peers.start()
const work = mkdtempSync(path.join(tmpdir(), 'torch-c3d-bench-'))
try {
  if (folders.length === 0) folders.push(...(await renderVideos(work)))
  const groups = await findGroups(folders)
  const rows = []
  for (const group of groups) rows.push(...(await measure(group)))
  print(rows)
} finally {
  peers.close()
  rmSync(work, { recursive: true })
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
  const single = videos.map(randomClips(4))
  const several = videos.map(randomClips(CLIPS_PER_VIDEO))
  const ordered = several.map(({ video, clips }) => ({ video, clips: [...clips].sort((a, b) => a - b) }))
  const dataset = await openDataset(name, videos)
  /** @type {import('torch-c3d').ClipCache} */
  const cache = { type: 'disk', folder: path.join(work, 'cache') }
  const plain = clipLoader(dataset, RANDOM, 'none')
  const many = { ...RANDOM, clipsPerVideo: CLIPS_PER_VIDEO * LONGER_FROM_CACHE }
  const cached = clipLoader(dataset, many, cache)
  const readCached = async () => (await readEpoch(cached)) / LONGER_FROM_CACHE
  await readEpoch(clipLoader(dataset, { mode: 'dense', clipStride: FRAMES / 4 }, cache)) // nearly every frame
  await readEpoch(cached)

  const peer =
    (/** @type {VideoClips[]} */ jobs, /** @type {boolean} */ together) => (/** @type {string} */ library) =>
      peers.seconds(library, jobs, { together, byProcessor, frames: FRAMES, ...SIZE })
  const epoch = `epoch of ${CLIPS_PER_VIDEO} clips a video`
  /** @type {[string, number, Readers][]} */
  const modes = [
    [SINGLE, 4, { own: () => readSingle(single), peer: peer(single, false) }],
    [epoch, CLIPS_PER_VIDEO, { own: () => readEpoch(plain), peer: peer(several, false) }],
    [`${epoch}, others ordered`, CLIPS_PER_VIDEO, { own: () => readEpoch(plain), peer: peer(ordered, true) }],
    [CACHED, CLIPS_PER_VIDEO, { own: readCached, peer: peer(ordered, true) }],
  ]
  const rows = []
  for (const [row, clipsPerVideo, readers] of modes) {
    const clips = clipsPerVideo * videos.length
    rows.push({ row, group: name, clips, rates: await clipRates(readers, clips) })
  }
  plain.close()
  cached.close()
  dataset.close()
  return rows
}

/**
 * Clips a second of this package and of each peer: medians over rounds that alternate between them.
 * @param {Readers} readers
 * @param {number} clips
 */
async function clipRates({ own, peer }, clips) {
  /** @type {Record<string, number[]>} */
  const seconds = { 'torch-c3d': [], ...Object.fromEntries(peers.names.map((name) => [name, []])) }
  for (let round = 0; round < rounds; round++)
    for (const [library, times] of Object.entries(seconds))
      times.push(library === 'torch-c3d' ? await own() : await peer(library))
  return Object.fromEntries(
    Object.entries(seconds).map(([library, times]) => [library, clips / median(times)]),
  )
}

/**
 * Whatever the folders are like, by a list of files.
 * @param {string} name
 * @param {Video[]} videos
 */
function openDataset(name, videos) {
  const list = path.join(work, `${name.replaceAll(/\W+/g, '-')}.csv`)
  const lines = videos.map(({ file }, i) => `"${path.resolve(file)}",${i % 2 === 0 ? 'even' : 'odd'}`)
  writeFileSync(list, `path,label\n${lines.join('\n')}\n`)
  return VideoDataset.open(list)
}

/**
 * @param {VideoDataset} dataset
 * @param {import('torch-c3d').ClipLoaderOptions['sampling']} sampling
 * @param {import('torch-c3d').ClipCache} cache
 */
function clipLoader(dataset, sampling, cache) {
  return new ClipLoader(dataset, {
    clip: { frames: FRAMES, ...SIZE },
    preprocessing: { resize: SIZE },
    sampling,
    shuffle: true,
    loader: { threads: 1 },
    reuse: true,
    cache,
  })
}

/** @param {ClipLoader} loader */
async function readEpoch(loader) {
  const elapsed = stopwatch()
  for await (const _ of loader);
  return elapsed()
}

/** @param {VideoClips[]} jobs */
async function readSingle(jobs) {
  const out = new Uint8Array(FRAMES * SIZE.width * SIZE.height * 3) // used again, as a loader's batches are
  const elapsed = stopwatch()
  for (const { video, clips } of jobs)
    for (const first of clips) {
      const places = Float64Array.from({ length: FRAMES }, (_, i) => first + i)
      await addon().readFrames(video.set, 0, places, { ...SIZE, channelOrder: 'rgb' }, out).done
    }
  return elapsed()
}

/** Seconds since its making, of the wall or of the processor. */
function stopwatch() {
  const wall = performance.now()
  const before = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(before)
    return byProcessor ? (user + system) / 1e6 : (performance.now() - wall) / 1000
  }
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
        clock: values.clock,
        rows: table,
      }),
    )
    return
  }
  console.log(
    `clips of ${FRAMES} frames at ${SIZE.width}x${SIZE.height} a second${byProcessor ? ' of processor time' : ''}, one thread, medians of ${rounds} rounds`,
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
  const own = (/** @type {string} */ group, /** @type {string} */ row) =>
    rows.find((candidate) => candidate.group === group && candidate.row === row)?.rates['torch-c3d'] ?? 0
  for (const group of new Set(rows.map((row) => row.group))) {
    const times = own(group, CACHED) / own(group, SINGLE)
    console.log(`${group}: the disk cache gives ${times.toFixed(1)} times the clips of decoding each`)
  }
}
