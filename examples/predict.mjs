/**
 * Asks a trained model what is in a video.
 *
 *   node examples/predict.mjs runs/first/model.safetensors path/to/video.mp4
 */
import { C3D } from 'torch-c3d'

const [file, video] = process.argv.slice(2)
if (!file || !video) {
  console.error('Usage: node examples/predict.mjs <model.safetensors> <video>')
  process.exit(2)
}

const model = await C3D.load(file)
const { top, clips } = await model.predict(video)
for (const { label, probability } of top) console.log(`${label}: ${(100 * probability).toFixed(1)}%`)
for (const {
  start,
  end,
  top: [best],
} of clips)
  console.log(`frames ${start} to ${end - 1}: ${best?.label}`)
model.close()
