// Trains a little and prints the memory forecast and measured, in bytes, as a line of JSON. Run as:
// node measure-memory.cjs DATA-FOLDER SETTINGS, where the settings are JSON: { architecture, training }.
const { C3D, VideoDataset, train } = require('../..')

/** @param {string[]} args */
async function main([folder = '', json = '']) {
  const { architecture, training } = JSON.parse(json)
  const data = await VideoDataset.open(folder, { cache: false })
  const model = await C3D.create({
    architecture,
    classes: data.classes,
    device: 'cpu',
    initializer: 'pytorch',
  })
  const before = process.memoryUsage.rss()
  const run = train(model, data, { preset: 'modern', ...training })
  /** @type {import('../..').MemoryEvent | undefined} */
  let told
  for await (const event of run) if (event.type === 'memory') told = event
  const { peakMemory } = await run.done
  process.stdout.write(`${JSON.stringify({ before, forecast: told?.forecast, peak: peakMemory })}\n`)
}

main(process.argv.slice(2))
