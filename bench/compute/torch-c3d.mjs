// Does the work of peer.mjs with this package.
import { createInterface } from 'node:readline'
import { C3D, runtime } from 'torch-c3d'

/** @type {() => Promise<unknown>} */
let run = async () => {}

/** @param {import('./peer.mjs').Work} work */
async function prepare({ task, architecture, classes, clips, precision, threads, device, preprocessing }) {
  runtime.configure({ threads, tf32: precision === 'tf32' })
  const model = await C3D.create({
    architecture,
    classes: Array.from({ length: classes }, (_, i) => `class ${i}`),
    preset: 'paper-section-3',
    initializer: 'kaiming',
    preprocessing,
    device,
  })
  const computing = precision === 'tf32' ? 'float32' : precision
  const { frames, height, width } = model.architecture.input
  if (task === 'forward') {
    const batch = values([clips, 3, frames, height, width])
    run = () => model.forward(batch, { precision: computing })
    return
  }
  const labels = Int32Array.from({ length: clips }, (_, i) => i % classes)
  const trainer = model.trainer({
    preset: 'modern',
    batchSize: clips, // in one pass
    precision: computing,
    optimizer: { learningRate: 1e-6, maxGradientNorm: null },
    schedule: { type: 'constant' },
  })
  const batch =
    device === 'cpu' ? values([clips, 3, frames, height, width]) : pixels([clips, frames, height, width, 3])
  run = () => trainer.step({ clips: batch, labels })
}

/** Network input. @param {number[]} shape */
function values(shape) {
  return { data: Float32Array.from({ length: product(shape) }, () => 2 * Math.random() - 1), shape }
}

/** As a ClipLoader gives them. @param {number[]} shape */
function pixels(shape) {
  return { data: Uint8Array.from({ length: product(shape) }, () => 256 * Math.random()), shape }
}

/** @param {number[]} factors */
function product(factors) {
  return factors.reduce((a, b) => a * b)
}

/** Bytes: of the device's that tensors took, or of the process where it is the CPU. @param {string} device */
function mostMemory(device) {
  return device === 'cpu' ? 1024 * process.resourceUsage().maxRSS : runtime.memory(device).peak
}

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line)
  if ('memory' in question) {
    console.log(JSON.stringify({ bytes: mostMemory(question.memory) }))
  } else if ('run' in question) {
    const began = performance.now()
    for (let i = 0; i < question.run; ++i) await run()
    console.log(JSON.stringify({ seconds: (performance.now() - began) / 1000 }))
  } else {
    await prepare(question)
    console.log('{}')
  }
}
