// Trains with a loop of its own: the clips come from a ClipLoader, each step is the package's. Halves the learning rate
// whenever the validation gets no better, keeps a file to go on from, and ends early when nothing more is learnt.
//
//   node examples/own-loop.mjs path/to/videos [trainer.safetensors]
import { existsSync } from 'node:fs'
import { C3D, ClipLoader, evaluate, VideoDataset } from 'torch-c3d'

const [folder, file = 'trainer.safetensors'] = process.argv.slice(2)
if (folder === undefined) {
  console.error('usage: node examples/own-loop.mjs <folder of class folders> [file of the trainer]')
  process.exit(2)
}
const EPOCHS = 10
const SMALLEST_RATE = 1e-4

const data = await VideoDataset.open(folder)
const { training, validation } = data.split({ validation: 0.2, seed: 1 })

// Goes on where an earlier call was stopped.
const resumes = existsSync(file)
const model = resumes
  ? await C3D.load(file)
  : await C3D.create({
      architecture: { name: 'depth-3', widthMultiplier: 0.25, input: { height: 56, width: 56 } },
      preset: 'modern',
      classes: data.classes,
    })
const trainer = model.trainer({ optimizer: { learningRate: 0.01 }, schedule: { type: 'constant' } })
if (resumes) await trainer.restore(file)

const loader = new ClipLoader(training, {
  model,
  batchSize: 8,
  shuffle: true,
  sampling: { mode: 'random', clipsPerVideo: 2, crop: 'random', flipProbability: 0.5 },
})

let lowest = Number.POSITIVE_INFINITY
for (let epoch = 1; epoch <= EPOCHS && trainer.learningRate >= SMALLEST_RATE; epoch++) {
  let [sum, clips] = [0, 0]
  for await (const batch of loader) {
    if (batch.labels.length === 0) continue // none of its videos could be read
    const { loss } = await trainer.step(batch)
    sum += loss * batch.labels.length
    clips += batch.labels.length
  }
  const { loss, clipTop1 } = await evaluate(model, validation)
  console.log(
    `epoch ${epoch}: loss ${(sum / clips).toFixed(3)}, validation ${loss.toFixed(3)} (${(100 * clipTop1).toFixed(1)}%), learning rate ${trainer.learningRate}`,
  )
  if (loss >= lowest) trainer.learningRate /= 2
  lowest = Math.min(lowest, loss)
  await trainer.save(file)
}
console.log(`${trainer.state.step} steps in all, kept in ${file}`)
for (const handle of [loader, trainer, model, data]) handle.close()
