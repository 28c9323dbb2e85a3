/**
 * Trains a network on a folder of <class>/<video> and saves it.
 *
 *   node examples/train.mjs path/to/videos runs/first
 */
import { C3D, train, VideoDataset } from 'torch-c3d'

const [folder, out = 'runs/first'] = process.argv.slice(2)
if (!folder) {
  console.error('Usage: node examples/train.mjs <folder of class folders> [run folder]')
  process.exit(2)
}

const data = await VideoDataset.open(folder)
for (const { path, reason } of data.problems) console.warn(`left out ${path}: ${reason}`)
const { training, validation } = data.split({ validation: 0.2, seed: 1 })

// A quarter of the paper's width at half its resolution: quick on a CPU. Leave the options out for the real thing.
const model = await C3D.create({
  architecture: { name: 'depth-3', widthMultiplier: 0.25, input: { height: 56, width: 56 } },
  preset: 'modern', // with batch norm; without a preset the network is the paper's
  classes: data.classes,
})

// Ctrl-C stops within a step and saves.
const interrupt = new AbortController()
process.once('SIGINT', () => interrupt.abort())

/** @param {number} part */
const percent = (part) => `${(100 * part).toFixed(1)}%`

const run = train(model, training, { epochs: 10, validation, out }, { signal: interrupt.signal })
for await (const { epoch, loss, accuracy, validation: scores } of run.epochs())
  console.log(
    `epoch ${epoch}: loss ${loss.toFixed(3)}, accuracy ${percent(accuracy)}, validation ${percent(scores?.clipTop1 ?? 0)}`,
  )

console.log(`saved in ${(await run.done).model}`)
