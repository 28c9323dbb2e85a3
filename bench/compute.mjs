// How fast networks are trained and run, side by side with PyTorch in one run:
//
//   npm run bench                      the whole table, a quarter of an hour on two cores
//   npm run bench -- --quick           small networks, under two minutes
//   npm run bench -- --device cuda     on a GPU; with --quick under two minutes as well
//   npm run bench -- --only training,forward,overhead,loader --network c3d --precision bfloat16 --clips 4,30
//
// --only, --network, --precision (float32, tf32, bfloat16, float16) and --clips choose rows of the table; where it has
// none that fit, rows of exactly that are made. --pytorch eager,channels-last,compile chooses the ways of PyTorch, or
// '' none. --rounds, --threads and --json do what they say. On a GPU both sides take the batch from the host's memory;
// with --resident PyTorch's lies on the GPU already.
//
// Every side has a process of its own, so that the memory that it takes at most is its own as well. After warming up,
// rounds alternate between the sides; figures are medians, ratios are of the same run. A round is the work done once, or
// as often as fills half a second. "of the peak" is the part of what the processor's vector units can do at most, measured
// before (runtime.measurePeaks()); on a GPU of the rate of a product of two 8192x8192 matrices, by PyTorch.
import { parseArgs } from 'node:util'
import { runtime } from 'torch-c3d'
import { compare, deviceFacts, OWN, WAYS } from './compute/compare.mjs'
import { chooseRows, GPU_PRECISIONS, jobOf } from './compute/jobs.mjs'
import { measureOverhead, printOverhead } from './compute/overhead.mjs'
import { measureLoader } from './loader/measure.mjs'
import { printLoader } from './loader/print.mjs'

/** @typedef {import('./compute/peer.mjs').Precision} Precision */
/** @typedef {import('./compute/jobs.mjs').Job} Job */
/** @typedef {import('./compute/compare.mjs').Results} Results */
/** @typedef {Partial<Record<Precision, number | null>>} Peaks */

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: 'training,forward,overhead,loader' },
    network: { type: 'string' },
    precision: { type: 'string' },
    clips: { type: 'string' },
    pytorch: { type: 'string' },
    rounds: { type: 'string' },
    threads: { type: 'string', default: '0' },
    device: { type: 'string', default: 'cpu' },
    resident: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const { device, quick, resident } = options
const onGpu = device !== 'cpu'
const usualRounds = quick ? 3 : 5
const rounds = options.rounds === undefined ? undefined : Number(options.rounds)
const wanted = list(options.only) ?? []
const quickWays = WAYS.filter((way) => way === 'channels-last')
const ways = WAYS.filter((way) => (list(options.pytorch) ?? (quick ? quickWays : WAYS)).includes(way))
runtime.configure({ threads: Number(options.threads) })
const { threads, libtorch, cpuCapability } = runtime.info()
const facts = onGpu ? await deviceFacts(device, GPU_PRECISIONS) : undefined
let processor = onGpu ? { float32: null, bfloat16: null } : await runtime.measurePeaks()

/** @type {object[]} */
const rows = []
printHead()
for (const job of jobs()) {
  const results = await compare(job.work, { ways, rounds, usualRounds })
  if (!onGpu) processor = larger(processor, await runtime.measurePeaks()) // others may have disturbed either
  report(job, results)
}
if (wanted.includes('overhead')) {
  const overhead = await measureOverhead({ device, quick, rounds: rounds ?? usualRounds })
  rows.push({ label: 'overhead', ...overhead })
  if (!options.json) printOverhead(overhead)
}
if (wanted.includes('loader')) {
  const how = { folders: [], rounds: rounds ?? usualRounds, mostVideos: quick ? 2 : 20, byProcessor: false }
  const speed = await measureLoader(how)
  rows.push({ label: 'loader', ...speed })
  if (!options.json) {
    console.log()
    printLoader(speed, how)
  }
}
if (options.json)
  console.log(
    JSON.stringify({ threads, device, gpu: facts?.name, libtorch, cpuCapability, peaks: peaks(), rows }),
  )

/** @param {string | undefined} values */
function list(values) {
  return values?.split(',')
}

/** @returns {Peaks} */
function peaks() {
  return onGpu ? (facts?.peaks ?? {}) : processor
}

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

/** @returns {Job[]} */
function jobs() {
  const bfloat16 = onGpu || processor.bfloat16 !== null
  const chosen = chooseRows(
    { onGpu, quick, bfloat16 },
    {
      tasks: [
        ...(wanted.includes('training') ? [/** @type {const} */ ('step')] : []),
        ...(wanted.includes('forward') ? [/** @type {const} */ ('forward')] : []),
      ],
      networks: /** @type {import('torch-c3d').ArchitectureName[] | undefined} */ (list(options.network)),
      precisions: /** @type {Precision[] | undefined} */ (list(options.precision)),
      clips: list(options.clips)?.map(Number),
    },
  )
  if (
    !bfloat16 &&
    !options.json &&
    chosen.length > 0 &&
    !chosen.some(({ precision }) => precision === 'bfloat16')
  )
    console.log(
      'bfloat16 is left out: this processor does not compute in it. --precision bfloat16 asks for it.\n',
    )
  return chosen.map((row) => jobOf(row, { threads, device, resident }))
}

function printHead() {
  if (options.json) return
  const machine = onGpu
    ? `${device}, ${facts ? `${facts.name}, PyTorch ${facts.pytorch}` : 'python3 has no PyTorch that sees it'}`
    : `cpu, ${threads} threads, ${cpuCapability}`
  const rates = Object.entries(peaks()).flatMap(([precision, peak]) =>
    peak ? [`${rate(peak)} in ${precision}`] : [],
  )
  console.log(`${machine}, LibTorch ${libtorch}`)
  if (rates.length > 0)
    console.log(`${onGpu ? 'a product of large matrices' : 'at most'}: ${rates.join(', ')}`)
  console.log()
}

/**
 * @param {Job} job
 * @param {Results} results
 */
function report({ label, gflop, work }, results) {
  const own = results[OWN]
  if (own === undefined || 'problem' in own) return
  const peak = peaks()[work.precision] ?? null
  const ofPeak = peak === null ? null : (gflop * 1e9) / own.seconds / peak
  rows.push({ label, gflop, ofPeak, results })
  if (options.json) return
  console.log(`${label}; medians of ${own.rounds}`)
  const sides = [OWN, ...ways].map((side) => /** @type {const} */ ([side, results[side]]))
  for (const [side, result] of sides) {
    const name = (side === OWN ? OWN : `PyTorch, ${side}`).padEnd(24)
    if (result === undefined || 'problem' in result) {
      console.log(`  ${name} not there: ${result?.problem}`)
      continue
    }
    const { seconds, memory } = result
    const parts = [
      (seconds < 1 ? `${(1000 * seconds).toFixed(1)} ms` : `${seconds.toFixed(2)} s`).padStart(10),
      `${(work.clips / seconds).toFixed(work.clips / seconds < 100 ? 2 : 0)} clips/s`.padStart(15),
      rate((gflop * 1e9) / seconds).padStart(15),
      `${(memory / 1e9).toFixed(2)} GB`.padStart(10),
    ]
    if (side !== OWN) parts.push(`torch-c3d is ${(seconds / own.seconds).toFixed(2)} times as fast`)
    else if (ofPeak !== null) parts.push(`${(100 * ofPeak).toFixed(0)}% of the peak`)
    console.log(`  ${name}${parts.join('  ')}`)
  }
  console.log()
}

/** @param {number} flops */
function rate(flops) {
  return flops < 1e13 ? `${(flops / 1e9).toFixed(0)} GFLOP/s` : `${(flops / 1e12).toFixed(0)} TFLOP/s`
}
