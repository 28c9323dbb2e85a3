// What many questions at once cost, against the same questions one after the other: a service gets several requests
// while it answers one. Ratios of one run; the rounds alternate, figures are medians.
//
//   npm run bench:services -- [folder of <class>/<video>] [--questions 8] [--rounds 5]
//
// Without a folder it renders videos of moving digits. The last rows ask while a training takes all cores.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { C3D, makeMotionVideos, runtime, train, VideoDataset } from 'torch-c3d'
import { median } from './median.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { questions: { type: 'string', default: '8' }, rounds: { type: 'string', default: '5' } },
})
const questions = Number(values.questions)
const rounds = Number(values.rounds)
const cores = runtime.info().threads
const temporary = mkdtempSync(path.join(tmpdir(), 'torch-c3d-bench-'))

/** @typedef {{ way: string, threads: number, concurrency: number }} Way 0 threads: one a core; concurrency 0: in order */
/** @type {Way[]} */
const ways = [
  { way: 'one after the other', threads: 0, concurrency: 0 },
  ...[1, 2, 4, 8].map((concurrency) => ({ way: `at once, ${concurrency} in work`, threads: 0, concurrency })),
  { way: 'at once, 8 in work, a thread each', threads: 1, concurrency: 8 },
]

try {
  if (positionals.length === 0)
    await makeMotionVideos(temporary, { videosPerClass: 2, size: { width: 172, height: 128 } })
  const data = await VideoDataset.open(positionals[0] ?? temporary)
  const videos = data.videos.map((video) => video.path)
  const create = () =>
    C3D.create({
      architecture: { name: 'c3d', widthMultiplier: 0.25 },
      preset: 'modern',
      classes: data.classes,
    })
  const model = await create()
  const other = await create()

  /** @param {number} i */
  const question = async (i) => {
    const began = performance.now()
    await model.predict(videos[i % videos.length] ?? '')
    return performance.now() - began
  }
  /** Milliseconds for all, and for the one that was answered in the middle. @param {Way} way */
  const ask = async ({ threads, concurrency }) => {
    runtime.configure({ threads, concurrency: Math.max(1, concurrency) })
    const began = performance.now()
    const each = []
    if (concurrency === 0) for (let i = 0; i < questions; i++) each.push(await question(i))
    else each.push(...(await Promise.all(Array.from({ length: questions }, (_, i) => question(i)))))
    return { total: performance.now() - began, each: median(each) }
  }

  for (const way of ways) await ask(way)
  /** @type {Map<Way, { total: number[], each: number[] }>} */
  const times = new Map(ways.map((way) => [way, { total: [], each: [] }]))
  for (let round = 0; round < rounds; round++)
    for (const [way, { total, each }] of times) {
      const taken = await ask(way)
      total.push(taken.total)
      each.push(taken.each)
    }
  const base = median(times.get(/** @type {Way} */ (ways[0]))?.total ?? [])
  console.log(`${questions} questions, ${rounds} rounds, ${cores} threads; milliseconds`)
  console.table(
    [...times].map(([{ way }, { total, each }]) => ({
      way,
      all: Math.round(median(total)),
      'against in order': Number((median(total) / base).toFixed(2)),
      'median answer': Math.round(median(each)),
    })),
  )

  runtime.configure({ threads: 0, concurrency: 2 })
  const run = train(other, data, { epochs: 100_000, batchSize: 8 })
  let steps = 0
  const counting = (async () => {
    for await (const event of run) if (event.type === 'step') steps = event.step
  })()
  while (steps < 2) await new Promise((resolve) => setTimeout(resolve, 20))
  const rows = []
  for (const [way, asked] of /** @type {[string, C3D][]} */ ([
    ['another model', model],
    ['the same model', other],
  ]))
    for (const clips of [1, 10]) {
      const [began, first] = [performance.now(), steps]
      for (let i = 0; i < rounds; i++) await asked.predict(videos[i % videos.length] ?? '', { clips })
      rows.push({
        'asked while it trains': way,
        clips,
        'milliseconds an answer': Math.round((performance.now() - began) / rounds),
        'steps an answer': Number(((steps - first) / rounds).toFixed(1)),
      })
    }
  await run.stop()
  await counting
  console.table(rows)
  for (const handle of [model, other, data]) handle.close()
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
