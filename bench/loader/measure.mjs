import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ClipLoader, runtime, VideoDataset } from 'torch-c3d'
import { median } from '../median.mjs'
import { Peers } from './peers.mjs'
import { renderVideos } from './videos.mjs'

runtime.memory() // sets up the addon
/** @type {import('../../lib/native/binding.js').NativeBinding} */
const addon = createRequire(import.meta.url)('../../build/Release/torch_c3d.node')

/** @typedef {{ file: string, set: import('../../lib/native/binding.js').NativeVideoSet, frames: number }} Video */
/** @typedef {{ video: Video, clips: number[] }} VideoClips First frames of the clips. */
/** @typedef {{ name: string, videos: Video[] }} Group */
/** @typedef {{ row: string, group: string, clips: number, rates: Record<string, number> }} Row Clips a second. */
/** @typedef {{ own: () => Promise<number>, peer: (name: string) => Promise<number> }} Readers Seconds for all clips. */
/**
 * @typedef {object} LoaderOptions
 * @property {string[]} folders of videos; none: videos that are rendered
 * @property {number} rounds
 * @property {number} mostVideos of a folder and kind of file
 * @property {boolean} byProcessor by processor time in place of the clock
 */
/** @typedef {LoaderOptions & { peers: Peers, work: string }} Bench `work`: a folder for what is only needed meanwhile. */
/** @typedef {Awaited<ReturnType<typeof measureLoader>>} LoaderSpeed */

const FRAMES = 16
const SIZE = { width: 171, height: 128 }
const CLIPS_PER_VIDEO = 5
/** @type {import('torch-c3d').ClipLoaderOptions['sampling']} */
const RANDOM = { mode: 'random', clipsPerVideo: CLIPS_PER_VIDEO, shuffle: 'videos' }
/** A pass of so many times the clips, because one from the cache is over before it has begun. */
const LONGER_FROM_CACHE = 40
export const CACHED = 'from the disk cache'
export const SINGLE = 'one clip an opening'
const VIDEO_FILE = /\.(avi|mkv|mov|mp4|mpe?g|webm)$/i

/**
 * Clips a second of this package and of the peers that python3 has, with all that they depend on.
 *
 * @param {LoaderOptions} options
 */
export async function measureLoader(options) {
  const peers = await Peers.start()
  const work = mkdtempSync(path.join(tmpdir(), 'torch-c3d-bench-'))
  try {
    const folders = options.folders.length > 0 ? options.folders : await renderVideos(work)
    const rows = []
    for (const group of await findGroups(folders, options.mostVideos))
      rows.push(...(await measureGroup(group, { peers, work, ...options })))
    return {
      versions: peers.versions,
      peers: peers.names,
      description: peers.description,
      ffmpeg: /** @type {string} */ (addon.videoBackend()),
      frames: FRAMES,
      ...SIZE,
      rows,
    }
  } finally {
    peers.close()
    rmSync(work, { recursive: true })
  }
}

/**
 * @param {string[]} places
 * @param {number} mostVideos
 * @returns {Promise<Group[]>}
 */
async function findGroups(places, mostVideos) {
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
  const set = await addon.indexVideos([file], { threads: 1, cache: null, keep: null }, () => {}).done
  const [video] = set.videos
  return { file, set, frames: video && !video.problem ? video.frames : 0 }
}

/**
 * @param {Group} group
 * @param {Bench} bench
 * @returns {Promise<Row[]>}
 */
async function measureGroup({ name, videos }, bench) {
  const { peers, work, byProcessor } = bench
  const single = videos.map(randomClips(4))
  const several = videos.map(randomClips(CLIPS_PER_VIDEO))
  const ordered = several.map(({ video, clips }) => ({ video, clips: [...clips].sort((a, b) => a - b) }))
  const dataset = await openDataset(name, videos, work)
  /** @type {import('torch-c3d').ClipCache} */
  const cache = { type: 'disk', folder: path.join(work, 'cache') }
  const plain = clipLoader(dataset, RANDOM, 'none')
  const many = { ...RANDOM, clipsPerVideo: CLIPS_PER_VIDEO * LONGER_FROM_CACHE }
  const cached = clipLoader(dataset, many, cache)
  const readCached = async () => (await readEpoch(cached, byProcessor)) / LONGER_FROM_CACHE
  await readEpoch(clipLoader(dataset, { mode: 'dense', clipStride: FRAMES / 4 }, cache), byProcessor) // nearly every frame
  await readEpoch(cached, byProcessor)

  const peer =
    (/** @type {VideoClips[]} */ jobs, /** @type {boolean} */ together) => (/** @type {string} */ library) =>
      peers.seconds(library, jobs, { together, byProcessor, frames: FRAMES, ...SIZE })
  const epoch = `epoch of ${CLIPS_PER_VIDEO} clips a video`
  /** @type {[string, number, Readers][]} */
  const modes = [
    [SINGLE, 4, { own: () => readSingle(single, byProcessor), peer: peer(single, false) }],
    [epoch, CLIPS_PER_VIDEO, { own: () => readEpoch(plain, byProcessor), peer: peer(several, false) }],
    [
      `${epoch}, others ordered`,
      CLIPS_PER_VIDEO,
      { own: () => readEpoch(plain, byProcessor), peer: peer(ordered, true) },
    ],
    [CACHED, CLIPS_PER_VIDEO, { own: readCached, peer: peer(ordered, true) }],
  ]
  const rows = []
  for (const [row, clipsPerVideo, readers] of modes) {
    const clips = clipsPerVideo * videos.length
    rows.push({ row, group: name, clips, rates: await clipRates(readers, clips, bench) })
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
 * @param {Bench} bench
 */
async function clipRates({ own, peer }, clips, { peers, rounds }) {
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
 * @param {string} work
 */
function openDataset(name, videos, work) {
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

/**
 * @param {ClipLoader} loader
 * @param {boolean} byProcessor
 */
async function readEpoch(loader, byProcessor) {
  const elapsed = stopwatch(byProcessor)
  for await (const _ of loader);
  return elapsed()
}

/**
 * @param {VideoClips[]} jobs
 * @param {boolean} byProcessor
 */
async function readSingle(jobs, byProcessor) {
  const out = new Uint8Array(FRAMES * SIZE.width * SIZE.height * 3) // used again, as a loader's batches are
  const elapsed = stopwatch(byProcessor)
  for (const { video, clips } of jobs)
    for (const first of clips) {
      const places = Float64Array.from({ length: FRAMES }, (_, i) => first + i)
      await addon.readFrames(video.set, 0, places, { ...SIZE, channelOrder: 'rgb' }, out).done
    }
  return elapsed()
}

/** Seconds since its making, of the wall or of the processor. @param {boolean} byProcessor */
function stopwatch(byProcessor) {
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
