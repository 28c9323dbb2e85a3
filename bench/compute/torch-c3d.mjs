// Does the work of peer.mjs with this package.
import { createInterface } from 'node:readline'
import { C3D, runtime } from 'torch-c3d'

/** @type {() => Promise<unknown>} */
let run = async () => {}

/** @param {import('./peer.mjs').Work} work */
async function prepare({ task, architecture, classes, clips, precision, threads, device }) {
  runtime.configure({ threads })
  const model = await C3D.create({
    architecture,
    classes: Array.from({ length: classes }, (_, i) => `class ${i}`),
    preset: 'paper-section-3',
    initializer: 'kaiming',
    device,
  })
  const { frames, height, width } = model.architecture.input
  const shape = [clips, 3, frames, height, width]
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => 2 * Math.random() - 1)
  if (task === 'forward') {
    run = () => model.forward({ data, shape }, { precision })
    return
  }
  const labels = Int32Array.from({ length: clips }, (_, i) => i % classes)
  const trainer = model.trainer({
    preset: 'modern',
    precision,
    optimizer: { learningRate: 1e-4, maxGradientNorm: null },
    schedule: { type: 'constant' },
  })
  run = () => trainer.step({ clips: { data, shape }, labels })
}

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line)
  if (question.memory) {
    console.log(JSON.stringify({ bytes: 1024 * process.resourceUsage().maxRSS }))
  } else if (question.run) {
    const began = performance.now()
    await run()
    console.log(JSON.stringify({ seconds: (performance.now() - began) / 1000 }))
  } else {
    await prepare(question)
    console.log('{}')
  }
}
