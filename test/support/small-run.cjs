// A training small enough to be run many times, with everything random in it that there is: dropout, batch norm, crops,
// flips, colours, the order of clips. Run as: node small-run.cjs DATA-FOLDER RUN-FOLDER; it waits until its standard
// input ends, then goes on where there is a checkpoint. Prints 'started' and 'done'.
const { existsSync } = require('node:fs')
const path = require('node:path')
const { C3D, VideoDataset, train } = require('../..')

/** @type {import('../..').TrainOptions} */
const settings = {
  epochs: 4,
  batchSize: 2,
  seed: 3,
  checkpoint: { everySteps: 3 },
  schedule: { type: 'step', every: 2, gamma: 0.5 },
  loader: { threads: 2, prefetch: 2 },
  sampling: {
    mode: 'random',
    clipsPerVideo: 2,
    crop: 'random',
    flipProbability: 0.5,
    colorJitter: { brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 0.1 },
  },
}

/** @param {readonly string[]} classes */
async function createModel(classes) {
  return C3D.create({
    architecture: {
      name: 'depth-3',
      input: { frames: 8, height: 16, width: 16 },
      widthMultiplier: 1 / 16,
      dropout: 0.5,
      batchNorm: true,
    },
    classes,
    device: 'cpu',
    seed: 1,
  })
}

/**
 * Begins the run, or goes on with it where there is a checkpoint. The model is the caller's to close.
 *
 * @param {import('../..').VideoDataset} data
 * @param {string} out
 * @param {{ signal?: AbortSignal }} control
 */
async function smallRun(data, out, control = {}) {
  const { training, validation } = data.split({ validation: 0.25, seed: 1 })
  const checkpoint = path.join(out, 'checkpoint.safetensors')
  const resumes = existsSync(checkpoint)
  const model = resumes ? await C3D.load(checkpoint, { device: 'cpu' }) : await createModel(data.classes)
  const options = resumes ? { resume: out } : { ...settings, out, overwrite: true }
  return { model, run: train(model, training, { ...options, validation }, control) }
}

/** @param {string[]} args */
async function main([folder = '', out = '']) {
  const data = await VideoDataset.open(folder, { cache: false })
  for await (const _ of process.stdin);
  const { run } = await smallRun(data, out)
  process.stdout.write('started\n')
  await run.done
  process.stdout.write('done\n')
}

module.exports = { createModel, settings, smallRun }
if (require.main === module) main(process.argv.slice(2))
