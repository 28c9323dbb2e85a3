// Describes the videos of each class by what a network makes of them, and says how well a linear machine tells the
// classes apart by that.
// node examples/features.mjs path/to/model.safetensors path/to/videos
import { C3D, crossValidate, extract, VideoDataset } from 'torch-c3d'

const [file, folder] = process.argv.slice(2)
if (file === undefined || folder === undefined) {
  console.error('usage: node examples/features.mjs <model.safetensors> <folder of <class>/<video>>')
  process.exit(2)
}

const model = await C3D.load(file)
const data = await VideoDataset.open(folder)
const features = await extract(model, data) // fc6, averaged over overlapping clips, L2-normalised
const { accuracy, meanClassAccuracy, parts } = await crossValidate(features, { folds: 3, costFolds: 2 })
console.table(parts)
console.log({ rows: features.rows.length, dimensions: features.dimensions, accuracy, meanClassAccuracy })
model.close()
