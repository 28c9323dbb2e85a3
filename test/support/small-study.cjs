// A study small enough to be killed and compared. Run as: node small-study.cjs DATA-FOLDER STUDY-FOLDER; it goes on where
// there is one. Prints the type of every event, and 'done'.
const { VideoDataset, study } = require('../..')

/** @type {Omit<import('../..').StudyOptions, 'out' | 'validation'> & { validation: number }} */
const settings = {
  nets: ['depth-1', 'depth-3'],
  network: { widthMultiplier: 1 / 16, input: { frames: 8, height: 16, width: 16 } },
  seeds: 2,
  preset: 'modern',
  training: {
    epochs: 2,
    batchSize: 2,
    checkpoint: { everySteps: 2 },
    sampling: { clipsPerVideo: 2 },
    loader: { threads: 2, prefetch: 2 },
  },
  validation: 0.25,
  pairs: [['a', 'b']],
  device: 'cpu',
}

/** @param {string[]} args */
async function main([folder = '', out = '']) {
  const data = await VideoDataset.open(folder, { cache: false })
  for await (const event of study(data, { ...settings, out })) process.stdout.write(`${event.type}\n`)
}

module.exports = { settings }
if (require.main === module) main(process.argv.slice(2))
