// Reads all clips of a data set through a clip cache on disk. Run as: node fill-cache.cjs DATA-FOLDER CACHE-FOLDER
const { createHash } = require('node:crypto')
const { ClipLoader, VideoDataset } = require('../..')

const [source, folder] = process.argv.slice(2)

async function main() {
  const data = await VideoDataset.open(source)
  const loader = new ClipLoader(data, {
    clip: { frames: 4, width: 8, height: 8 },
    preprocessing: { resize: { width: 12, height: 10 } },
    batchSize: 5,
    cache: { type: 'disk', folder },
  })
  console.log('filling')
  const hash = createHash('sha256')
  for await (const { clips } of loader) hash.update(clips.data)
  console.log(hash.digest('hex'))
}

main()
