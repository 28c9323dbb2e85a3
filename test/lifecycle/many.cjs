// Predictions and trainings in one process, many of them. Run as: node --expose-gc many.cjs DATA-FOLDER
// Prints, as JSON, what is left behind by those that follow a warm-up.
const { readdirSync } = require('node:fs')
const path = require('node:path')
const { C3D, ClipLoader, VideoDataset, train } = require('../..')

const PREDICTIONS = 1000
const TRAININGS = 200
const WARM_UP = 2 // times as few of each, before: LibTorch's and malloc's own stores fill up

const [folder = ''] = process.argv.slice(2)

/** @param {readonly string[]} classes */
const create = (classes) =>
  C3D.create({
    architecture: {
      layers: [
        { type: 'conv', name: 'conv1a', filters: 4 },
        { type: 'pool', name: 'pool1', kernel: [2, 2, 2] },
        { type: 'linear', name: 'fc6', units: 64, dropout: 0.5 },
      ],
      input: { frames: 4, height: 32, width: 32 },
    },
    classes,
    device: 'cpu',
  })

const settings = { batchSize: 4, loader: { threads: 2 }, sampling: { crop: 'random' } }

/**
 * @param {VideoDataset} data
 * @param {number} predictions
 * @param {number} trainings
 */
async function work(data, predictions, trainings) {
  const model = await create(data.classes)
  const video = path.join(folder, 'a', '0')
  for (let done = 0; done < predictions; done += 20)
    await Promise.all(Array.from({ length: 20 }, () => model.predict(video, { clips: 1 })))
  model.close()
  for (let i = 0; i < trainings; i++) {
    const trained = await create(data.classes)
    if (i % 2 === 0) {
      const out = i % 20 === 0 ? { out: path.join(folder, '..', 'run'), overwrite: true } : {}
      await train(trained, data, { ...settings, ...out, epochs: 1 }).done
    } else {
      const trainer = trained.trainer({ schedule: { type: 'constant' } })
      const loader = new ClipLoader(data, { model: trained, batchSize: 4 })
      for await (const batch of loader) await trainer.step(batch)
      trainer.close()
      loader.close()
    }
    trained.close()
  }
}

/** Of the process, when what was left to the collector is gone and threads that end have ended. */
async function measure() {
  for (let i = 0; i < 5; i++) {
    global.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return {
    megabytes: process.memoryUsage().rss / 1e6,
    threads: readdirSync('/proc/self/task').length,
    // Timers are this function's own.
    resources: process.getActiveResourcesInfo().filter((name) => name !== 'Timeout'),
    descriptors: readdirSync('/proc/self/fd').length,
  }
}

async function main() {
  const data = await VideoDataset.open(folder, { cache: false })
  await work(data, PREDICTIONS / WARM_UP, TRAININGS / WARM_UP)
  const before = await measure()
  await work(data, PREDICTIONS, TRAININGS)
  const after = await measure()
  process.stdout.write(JSON.stringify({ before, after }))
}

main()
