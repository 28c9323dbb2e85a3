// Counts the clips of each class and takes their mean brightness: what ClipLoader gives to programs of your own.
// node examples/clips.mjs path/to/videos
import { ClipLoader, VideoDataset } from 'torch-c3d'

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  console.error('usage: node examples/clips.mjs <folder of <class>/<video>>')
  process.exit(2)
}

const data = await VideoDataset.open(folder)
const sums = data.classes.map((label) => ({ label, clips: 0, brightness: 0 }))
const loader = new ClipLoader(data, { batchSize: 8 })
for await (const { clips, labels } of loader) {
  const valuesOfClip = clips.data.length / labels.length
  labels.forEach((label, i) => {
    const pixels = clips.data.subarray(i * valuesOfClip, (i + 1) * valuesOfClip)
    const sum = sums[label]
    if (!sum) return // a video of no class
    sum.clips++
    sum.brightness += pixels.reduce((total, value) => total + value, 0) / valuesOfClip
  })
}
loader.close()
console.table(sums.map(({ label, clips, brightness }) => ({ label, clips, mean: brightness / clips })))
