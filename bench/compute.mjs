// How fast networks are trained and run, side by side with PyTorch in one run:
//
//   npm run bench                      the whole table, about ten minutes on two cores
//   npm run bench -- --quick           small networks, under two minutes
//   npm run bench -- --only training,forward,overhead --network c3d
//   npm run bench -- --device cuda     on a GPU; also --threads, --rounds, --json
//
// Every side has a process of its own, so that the memory that it takes at most is its own as well. After a round to
// warm up, rounds alternate between the sides; figures are medians, ratios are of the same run. "of the peak" is the
// part of what the processor's vector units can do at most, measured before: see runtime.measurePeaks().
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { architectures, C3D, makeMotionVideos, runtime } from 'torch-c3d'
import { Peer } from './compute/peer.mjs'

/** @typedef {import('./compute/peer.mjs').Work} Work */
/** @typedef {{ seconds: number, memory: number }} Measured */
/** @typedef {{ label: string, network: string, gflop: number, work: Work }} Job */
/** @typedef {Record<string, Measured | { problem: string }>} Results by side */

const CLASSES = 101
const WARM_UP = 1
const OWN = 'torch-c3d'
/** @type {NonNullable<Work['way']>[]} */
const WAYS = ['eager', 'channels-last', 'compile']

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: 'training,forward,overhead' },
    network: { type: 'string' },
    rounds: { type: 'string' },
    threads: { type: 'string', default: '0' },
    device: { type: 'string', default: 'cpu' },
    json: { type: 'boolean', default: false },
  },
})
const rounds = Number(options.rounds ?? (options.quick ? 3 : 5))
const wanted = new Set(options.only.split(','))
runtime.configure({ threads: Number(options.threads) })
const { threads, libtorch, cpuCapability } = runtime.info()
let peaks = await runtime.measurePeaks()

/** @type {object[]} */
const rows = []
if (!options.json)
  console.log(
    `${options.device}, ${threads} threads, ${cpuCapability}, LibTorch ${libtorch}; at most ` +
      `${rate(peaks.float32)} in float32, ${rate(peaks.bfloat16)} in bfloat16; medians of ${rounds}\n`,
  )
for (const job of jobs().filter(isWanted)) {
  const results = await compare(job.work)
  peaks = larger(peaks, await runtime.measurePeaks()) // others may have disturbed either
  report(job, results)
}
if (wanted.has('overhead')) await reportOverhead()
if (options.json) console.log(JSON.stringify({ threads, device: options.device, cpuCapability, peaks, rows }))

/**
 * @param {import('torch-c3d').Peaks} a
 * @param {import('torch-c3d').Peaks} b
 * @returns {import('torch-c3d').Peaks}
 */
function larger(a, b) {
  /** @param {number | null} x @param {number | null} y */
  const most = (x, y) => (x === null || y === null ? null : Math.max(x, y))
  return { float32: most(a.float32, b.float32), bfloat16: most(a.bfloat16, b.bfloat16) }
}

/** @param {Job} job */
function isWanted({ network, work }) {
  const task = work.task === 'step' ? 'training' : 'forward'
  return wanted.has(task) && (options.network === undefined || options.network === network)
}

/** @returns {Job[]} */
function jobs() {
  const bfloat16 = options.device !== 'cpu' || peaks.bfloat16 !== null
  if (!bfloat16 && !options.json)
    console.log('bfloat16 is left out: this processor does not compute in it.\n')
  /** @type {Work['precision'][]} */
  const precisions = bfloat16 ? ['float32', 'bfloat16'] : ['float32']
  if (options.quick) return [job('depth-3', 'step', 2, 'float32'), job('depth-3', 'forward', 2, 'float32')]
  return [
    ...precisions.map((precision) => job('c3d', 'step', 4, precision)),
    ...precisions.map((precision) => job('c3d', 'forward', 4, precision)),
    job('depth-3', 'step', 30, 'float32'),
  ]
}

/**
 * @param {import('torch-c3d').ArchitectureName} name
 * @param {Work['task']} task
 * @param {number} clips
 * @param {Work['precision']} precision
 * @returns {Job}
 */
function job(name, task, clips, precision) {
  const architecture = architectures.build(name)
  const { layers } = architectures.describe(architecture, CLASSES)
  const macs = layers.reduce((sum, layer) => sum + layer.macs, 0)
  // Backward computes two gradients as dear as the forward pass, but none of the clip.
  const stepMacs = 3 * macs - (layers[0]?.macs ?? 0)
  return {
    label: `${task === 'step' ? 'training step' : 'forward'}, ${name}, ${clips} clips, ${precision}`,
    network: name,
    gflop: (2 * clips * (task === 'step' ? stepMacs : macs)) / 1e9,
    work: { task, architecture, classes: CLASSES, clips, precision, threads, device: options.device },
  }
}

/**
 * @param {Work} work
 * @returns {Promise<Results>}
 */
async function compare(work) {
  const ways = options.quick ? WAYS.filter((way) => way === 'channels-last') : WAYS
  /** @type {Map<string, Peer>} */
  const peers = new Map([[OWN, ownPeer()], ...ways.map((way) => /** @type {const} */ ([way, pythonPeer()]))])
  /** @type {Map<string, number[]>} */
  const times = new Map()
  /** @type {Results} */
  const results = {}
  /** @param {string} name @param {unknown} error */
  const drop = (name, error) => {
    results[name] = { problem: error instanceof Error ? error.message : String(error) }
    peers.get(name)?.close()
    peers.delete(name)
    if (name === OWN) throw error
  }
  try {
    for (const [name, peer] of [...peers])
      await peer
        .prepare({ ...work, ...(name !== OWN && { way: /** @type {Work['way']} */ (name) }) })
        .catch((error) => drop(name, error))
    for (let round = -WARM_UP; round < rounds; ++round)
      for (const [name, peer] of [...peers]) {
        const seconds = await peer.seconds().catch((error) => drop(name, error))
        if (round >= 0 && seconds !== undefined) times.set(name, [...(times.get(name) ?? []), seconds])
      }
    for (const [name, peer] of peers)
      results[name] = { seconds: median(times.get(name) ?? []), memory: await peer.peakMemory() }
  } finally {
    for (const peer of peers.values()) peer.close()
  }
  return results
}

function ownPeer() {
  return new Peer(process.execPath, [file('compute/torch-c3d.mjs')])
}

function pythonPeer() {
  return new Peer('python3', [file('compute/pytorch.py')], { ...process.env, PYTHONPATH: pythonPath() })
}

/** Python with the PyTorch of the LibTorch that the addon was built with, as for the tests. */
function pythonPath() {
  try {
    return JSON.parse(readFileSync(file('../build/python-path.json'), 'utf8')).join(path.delimiter)
  } catch {
    return process.env.PYTHONPATH ?? ''
  }
}

/** @param {string} name */
function file(name) {
  return path.join(path.dirname(fileURLToPath(import.meta.url)), name)
}

/**
 * @param {Job} job
 * @param {Results} results
 */
function report({ label, gflop, work }, results) {
  const own = results[OWN]
  if (own === undefined || 'problem' in own) return
  const peak = peaks[work.precision]
  const ofPeak = peak === null ? null : (gflop * 1e9) / own.seconds / peak
  rows.push({ label, gflop, ofPeak, results })
  if (options.json) return
  console.log(label)
  for (const [side, result] of Object.entries(results)) {
    const name = (side === OWN ? OWN : `PyTorch, ${side}`).padEnd(24)
    if ('problem' in result) {
      console.log(`  ${name} not there: ${result.problem}`)
      continue
    }
    const { seconds, memory } = result
    const parts = [
      `${seconds.toFixed(3)} s`.padStart(10),
      `${(work.clips / seconds).toFixed(2)} clips/s`.padStart(15),
      rate((gflop * 1e9) / seconds).padStart(15),
      `${(memory / 1e9).toFixed(2)} GB`.padStart(10),
    ]
    if (side !== OWN) parts.push(`torch-c3d is ${(seconds / own.seconds).toFixed(2)} times as fast`)
    else if (ofPeak !== null) parts.push(`${(100 * ofPeak).toFixed(0)}% of the peak`)
    console.log(`  ${name}${parts.join('  ')}`)
  }
  console.log()
}

/** What is paid beside the computing: by a call, by a video, by loading the package. */
async function reportOverhead() {
  const call = await callSeconds()
  const load = loadSeconds()
  const predict = await predictShare()
  rows.push({ label: 'overhead', call, load, predict })
  if (options.json) return
  console.log('overhead')
  console.log(`  a training step of a network of nothing     ${(1000 * call).toFixed(2)} ms`)
  console.log(
    `  loading the package                         ${(1000 * load.own).toFixed(0)} ms, ${(1000 * load.libtorch).toFixed(0)} of them LibTorch's own`,
  )
  console.log(
    `  predict, a video of ${predict.clips} clips                ${(100 * predict.share).toFixed(0)}% of the rate of forward (${predict.network})`,
  )
}

/** Of a step that has next to nothing to compute: what calling costs, at most. */
async function callSeconds() {
  const model = await C3D.create({
    architecture: {
      input: { frames: 1, height: 2, width: 2 },
      layers: [{ type: 'conv', name: 'conv', filters: 1, kernel: [1, 1, 1] }],
      classifier: 'out',
    },
    classes: ['a', 'b'],
    device: options.device,
  })
  const trainer = model.trainer({ schedule: { type: 'constant' }, precision: 'float32' })
  const clips = { data: new Float32Array(12), shape: [1, 3, 1, 2, 2] }
  const times = []
  for (let i = 0; i < 300; ++i) {
    const began = performance.now()
    await trainer.step({ clips, labels: [0] })
    times.push((performance.now() - began) / 1000)
  }
  trainer.close()
  model.close()
  return median(times.slice(100))
}

/** In new processes: of the package, and of LibTorch's library by itself. */
function loadSeconds() {
  const own = `const c = require('torch-c3d'); c.runtime.info()`
  const library = path.join(libraryFolder(), 'libtorch_cpu.so')
  // It is no addon, which is found only after it has been loaded.
  const libtorchAlone = `try { process.dlopen({ exports: {} }, ${JSON.stringify(library)}) } catch {}`
  /** @param {string} code */
  const seconds = (code) => {
    const script = `const t = performance.now(); ${code}; console.log(performance.now() - t)`
    const run = () => {
      const child = spawnSync(process.execPath, ['-e', script], { cwd: file('..'), encoding: 'utf8' })
      return Number(child.stdout) / 1000
    }
    return median(Array.from({ length: rounds }, run))
  }
  return { own: seconds(own), libtorch: seconds(libtorchAlone) }
}

/** Where the addon finds LibTorch. */
function libraryFolder() {
  return path.join(JSON.parse(readFileSync(file('../build/setup.json'), 'utf8')).libtorch.path, 'lib')
}

/** The rate of clips of predict, which decodes as well, as a part of forward's. */
async function predictShare() {
  const folder = mkdtempSync(path.join(tmpdir(), 'torch-c3d-bench-'))
  try {
    const clips = options.quick ? 8 : 16
    await makeMotionVideos(folder, {
      classes: ['right'],
      videosPerClass: 1,
      frames: 16 * clips,
      size: { width: 320, height: 240 },
    })
    const network = options.quick ? 'depth-3' : 'c3d'
    const model = await C3D.create({
      architecture: network,
      classes: ['a', 'b'],
      device: options.device,
      preset: 'paper-section-3',
    })
    const video = path.join(folder, 'right', 'right-0001.mp4')
    const batch = 4
    const shape = [batch, 3, 16, 112, 112]
    const input = { data: new Float32Array(batch * 3 * 16 * 112 * 112).fill(0.5), shape }
    const times = { predict: /** @type {number[]} */ ([]), forward: /** @type {number[]} */ ([]) }
    for (let round = -1; round < rounds; ++round) {
      const began = performance.now()
      const answer = await model.predict(video, { clips: 'all', batchSize: batch })
      const between = performance.now()
      for (let done = 0; done < answer.clips.length; done += batch) await model.forward(input)
      if (round < 0) continue
      times.predict.push(between - began)
      times.forward.push(performance.now() - between)
    }
    model.close()
    return { network, clips, share: median(times.forward) / median(times.predict) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** @param {number | null} flops */
function rate(flops) {
  return flops === null ? 'unknown' : `${(flops / 1e9).toFixed(0)} GFLOP/s`
}

/** @param {number[]} numbers */
function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}
