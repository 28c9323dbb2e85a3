// Reads files that may be anything, in a process of its own, and prints what happened as JSON:
//   node --expose-gc read-anything.cjs mutations FOLDER COUNT   mutations of the files and frame folders in FOLDER
//   node --expose-gc read-anything.cjs each FILE…               each file as it is
//   node --expose-gc read-anything.cjs openings FILE COUNT      one file again and again
const { createHash } = require('node:crypto')
const { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } = require('node:fs')
const path = require('node:path')
const { C3DError, frames, runtime } = require('../..')

runtime.memory() // sets up the addon
const addon = require('../../build/Release/torch_c3d.node')

const LONGEST = 10_000 // milliseconds for one file
const MOST_FRAMES = 64

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function randomNumbers(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const mutations = {
  cut: (bytes, below) => bytes.subarray(0, below(bytes.length)),
  'bits flipped': (bytes, below) => {
    for (let i = below(16); i >= 0; i--) bytes[below(bytes.length)] ^= 1 << below(8)
    return bytes
  },
  'bits of the header flipped': (bytes, below) => {
    for (let i = below(8); i >= 0; i--) bytes[below(Math.min(bytes.length, 600))] ^= 1 << below(8)
    return bytes
  },
  'bits of the end flipped': (bytes, below) => {
    const end = Math.min(bytes.length, 1500)
    for (let i = below(8); i >= 0; i--) bytes[bytes.length - 1 - below(end)] ^= 1 << below(8)
    return bytes
  },
  'bytes made extreme': (bytes, below) => {
    const at = below(bytes.length)
    return bytes.fill([0, 0xff, 0x7f, 0x80][below(4)], at, Math.min(bytes.length, at + 1 + below(4)))
  },
  zeroed: (bytes, below) => {
    const at = below(bytes.length)
    return bytes.fill(0, at, Math.min(bytes.length, at + 1 + below(2000)))
  },
  'a part lost': (bytes, below) => {
    const at = below(bytes.length)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(400))])
  },
  'a part repeated': (bytes, below) => {
    const at = below(bytes.length)
    return Buffer.concat([bytes.subarray(0, at + 1 + below(400)), bytes.subarray(at)])
  },
  'a part of noise': (bytes, below) => {
    const at = below(bytes.length)
    for (let i = at; i < Math.min(bytes.length, at + 200); i++) bytes[i] = below(256)
    return bytes
  },
}

/** Changes one file of a video; returns what was done. */
function mutate(source, target, random) {
  const below = (limit) => Math.floor(random() * limit)
  const folder = statSync(source).isDirectory()
  const names = folder ? readdirSync(source) : ['']
  const chosen = names[below(names.length)]
  const kinds = Object.keys(mutations)
  const kind = kinds[below(kinds.length)]
  if (folder) mkdirSync(target)
  for (const name of names) {
    const bytes = readFileSync(path.join(source, name))
    writeFileSync(path.join(target, name), name === chosen ? mutations[kind](bytes, below) : bytes)
  }
  return kind
}

const digest = (bytes) => createHash('sha1').update(bytes).digest('hex')

/** Reads everything, then some frames by seeking: a text that is the same for the same bytes. */
async function read(file, random) {
  const set = await addon.indexVideos([file], { threads: 1, cache: null, keep: null }, () => {}).done
  try {
    const { problem, frames: count, width, height, codec } = set.videos[0]
    if (problem) return `unreadable: ${problem}`
    const format = { width: 32, height: 24, channelOrder: 'rgb' }
    const bytes = format.width * format.height * 3
    const some = Math.min(count, MOST_FRAMES)
    const all = new Uint8Array(some * bytes)
    const places = Float64Array.from({ length: some }, (_, i) => i)
    await addon.readFrames(set, 0, places, format, all).done
    const picture = new Uint8Array(bytes)
    for (let i = 0; i < 3; i++) {
      const place = Math.floor(random() * some)
      await addon.readFrames(set, 0, Float64Array.of(place), format, picture).done
      if (!Buffer.from(picture).equals(all.subarray(place * bytes, (place + 1) * bytes)))
        throw new Error(`frame ${place} of ${count} is another when it is sought`)
    }
    return `${count} frames of ${width}x${height}, ${codec}, ${digest(all)}`
  } finally {
    set.close()
  }
}

/** What reading it came to; a text of a failure of the package begins with 'FAILED'. */
async function outcome(file, random) {
  const start = performance.now()
  let text
  try {
    text = await read(file, random)
  } catch (error) {
    const expected = error.code === 'C3D_VIDEO_UNREADABLE' && error.message.includes(path.basename(file))
    text = expected ? `unreadable: ${error.message}` : `FAILED: ${error.code} ${error.message}`
  }
  const took = performance.now() - start
  if (text.startsWith('unreadable') && !text.includes(path.basename(file)))
    return `FAILED: no name in: ${text}`
  return took > LONGEST ? `FAILED: took ${Math.round(took)} ms: ${text}` : text
}

async function readMutations(folder, count) {
  const sources = readdirSync(folder).sort()
  const work = path.join(folder, '..', 'mutated')
  const failures = []
  let readable = 0
  let halfway = 0
  for (let number = 0; number < count; number++) {
    const source = sources[number % sources.length]
    mkdirSync(work)
    const target = path.join(work, source)
    const kind = mutate(path.join(folder, source), target, randomNumbers(number))
    const first = await outcome(target, randomNumbers(number))
    const second = await outcome(target, randomNumbers(number))
    const failure = [first, second].find((text) => text.startsWith('FAILED'))
    if (failure) failures.push(`${number}: ${source}, ${kind}: ${failure}`)
    else if (first !== second) failures.push(`${number}: ${source}, ${kind}: ${first} then ${second}`)
    if (!first.startsWith('unreadable')) readable++
    rmSync(work, { recursive: true })
    if (number === Math.floor(count / 2)) halfway = await resident()
  }
  return {
    failures,
    readable,
    growth: (await resident()) - halfway,
    peak: process.resourceUsage().maxRSS / 1024,
  }
}

/** MiB of this process beside JavaScript's own heap, with nothing left that could be collected. */
async function resident() {
  for (let i = 0; i < 3; i++) {
    global.gc()
    await new Promise((resolve) => setTimeout(resolve, 20)) // finalizers run in later turns
  }
  const { rss, heapTotal } = process.memoryUsage()
  return (rss - heapTotal) / 2 ** 20
}

async function readEach(files) {
  const results = []
  for (const file of files) {
    const start = performance.now()
    const result = await frames(file, [0], { signal: AbortSignal.timeout(LONGEST) }).then(
      ({ shape }) => ({ code: '', message: shape.join('x') }),
      (error) => ({ code: error instanceof C3DError ? error.code : 'no C3DError', message: error.message }),
    )
    results.push({ ...result, milliseconds: Math.round(performance.now() - start) })
  }
  return { results, peak: process.resourceUsage().maxRSS / 1024 }
}

async function openAgain(file, count) {
  const few = Math.ceil(count / 4)
  let start = 0
  for (let i = 0; i < few + count; i++) {
    await frames(file, [i % 8], { width: 32, height: 24 })
    if (i === few) start = await resident()
  }
  return { growth: (await resident()) - start }
}

const [mode, ...rest] = process.argv.slice(2)
const modes = {
  mutations: () => readMutations(rest[0], Number(rest[1])),
  each: () => readEach(rest),
  openings: () => openAgain(rest[0], Number(rest[1])),
}
modes[mode]().then((result) => console.log(JSON.stringify(result)))
