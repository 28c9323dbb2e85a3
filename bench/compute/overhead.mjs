import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { C3D, makeMotionVideos } from 'torch-c3d'
import { median } from '../median.mjs'

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..')

/** @typedef {{ device: string, quick: boolean, rounds: number }} Options */

/**
 * What is paid beside the computing: by a call, by a video, by loading the package.
 *
 * @param {Options} options
 */
export async function measureOverhead(options) {
  return {
    call: await callSeconds(options),
    load: loadSeconds(options),
    predict: await predictShare(options),
  }
}

/** @param {Awaited<ReturnType<typeof measureOverhead>>} measured */
export function printOverhead({ call, load, predict }) {
  console.log('overhead')
  console.log(`  a training step of a network of nothing     ${(1000 * call).toFixed(2)} ms`)
  console.log(
    `  loading the package                         ${(1000 * load.own).toFixed(0)} ms, ${(1000 * load.libtorch).toFixed(0)} of them LibTorch's own`,
  )
  console.log(`  loading FFmpeg, for the first video         ${(1000 * load.ffmpeg).toFixed(0)} ms`)
  console.log(
    `  predict, a video of ${predict.clips} clips                ${(100 * predict.share).toFixed(0)}% of the rate of forward (${predict.network})`,
  )
}

/** Of a step that has next to nothing to compute: what calling costs, at most. @param {Options} options */
async function callSeconds({ device }) {
  const model = await C3D.create({
    architecture: {
      input: { frames: 1, height: 2, width: 2 },
      layers: [{ type: 'conv', name: 'conv', filters: 1, kernel: [1, 1, 1] }],
      classifier: 'out',
    },
    classes: ['a', 'b'],
    device,
  })
  const trainer = model.trainer({ schedule: { type: 'constant' }, precision: 'float32' })
  const clips = { data: new Float32Array(12), shape: [1, 3, 1, 2, 2] }
  const times = []
  for (let i = 0; i < 300; ++i) {
    const began = performance.now()
    await trainer.step({ clips, labels: [0] })
    times.push((performance.now() - began) / 1000)
  }
  trainer.close()
  model.close()
  return median(times.slice(100))
}

/**
 * In new processes, by turns: of the package with its addon, of LibTorch's library by itself, and of the first look for
 * FFmpeg after that.
 *
 * @param {Options} options
 */
function loadSeconds({ rounds }) {
  const library = path.join(libraryFolder(), 'libtorch_cpu.so')
  const scripts = {
    own: stopwatch(`require('torch-c3d').runtime.memory()`),
    // It is no addon, which is found only after it has been loaded.
    libtorch: stopwatch(`try { process.dlopen({ exports: {} }, ${JSON.stringify(library)}) } catch {}`),
    ffmpeg: `const { runtime } = require('torch-c3d'); runtime.memory(); ${stopwatch('runtime.info()')}`,
  }
  const times = {
    own: /** @type {number[]} */ ([]),
    libtorch: /** @type {number[]} */ ([]),
    ffmpeg: /** @type {number[]} */ ([]),
  }
  for (let round = 0; round < rounds; ++round)
    for (const [what, script] of Object.entries(scripts)) {
      const child = spawnSync(process.execPath, ['-e', script], { cwd: ROOT, encoding: 'utf8' })
      times[/** @type {keyof typeof times} */ (what)].push(Number(child.stdout) / 1000)
    }
  return { own: median(times.own), libtorch: median(times.libtorch), ffmpeg: median(times.ffmpeg) }
}

/** JavaScript that prints the milliseconds that `code` takes. @param {string} code */
function stopwatch(code) {
  return `const began = performance.now(); ${code}; console.log(performance.now() - began)`
}

/** Where the addon finds LibTorch. */
function libraryFolder() {
  return path.join(JSON.parse(readFileSync(path.join(ROOT, 'build/setup.json'), 'utf8')).libtorch.path, 'lib')
}

/** The rate of clips of predict, which decodes as well, as a part of forward's. @param {Options} options */
async function predictShare({ device, quick, rounds }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'torch-c3d-bench-'))
  try {
    const clips = quick ? 8 : 16
    await makeMotionVideos(folder, {
      classes: ['right'],
      videosPerClass: 1,
      frames: 16 * clips,
      size: { width: 320, height: 240 },
    })
    const network = quick ? 'depth-3' : 'c3d'
    const model = await C3D.create({
      architecture: network,
      classes: ['a', 'b'],
      device,
      preset: 'paper-section-3',
    })
    const video = path.join(folder, 'right', 'right-0001.mp4')
    const batch = 4
    const shape = [batch, 3, 16, 112, 112]
    const input = { data: new Float32Array(batch * 3 * 16 * 112 * 112).fill(0.5), shape }
    const times = { predict: /** @type {number[]} */ ([]), forward: /** @type {number[]} */ ([]) }
    for (let round = -1; round < rounds; ++round) {
      const began = performance.now()
      const answer = await model.predict(video, { clips: 'all', batchSize: batch })
      const between = performance.now()
      for (let done = 0; done < answer.clips.length; done += batch) await model.forward(input)
      if (round < 0) continue
      times.predict.push(between - began)
      times.forward.push(performance.now() - between)
    }
    model.close()
    return { network, clips, share: median(times.forward) / median(times.predict) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
