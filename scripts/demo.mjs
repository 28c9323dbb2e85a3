/**
 * The main job from end to end, in a minute or two: a folder of videos, a trained network, answers about videos that
 * it has never seen.
 *
 *   npm run demo                      renders videos of moving digits to train on
 *   npm run demo -- path/to/videos    trains on a folder of <class>/<video>
 */
import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import path from 'node:path'
import { Presets, SingleBar } from 'cli-progress'
import { C3D, C3DError, makeMotionVideos, train, VideoDataset } from 'torch-c3d'

const VIDEOS_PER_CLASS = 160
const EPOCHS = 10
/** A folder of a few videos gives as many clips by being looked at more than once. */
const CLIPS_PER_EPOCH = 320
/** High for the presets' networks; this one is small and has batch norm. */
const LEARNING_RATE = 0.02

const controller = new AbortController()
const { signal } = controller
process.on('SIGINT', () => (signal.aborted ? process.exit(130) : controller.abort()))

const [own] = process.argv.slice(2)
const out = path.join('runs', `demo-${new Date().toISOString().slice(0, 19).replace(/[T:]/g, '-')}`)

try {
  await demo()
} catch (error) {
  if (!(error instanceof C3DError)) throw error
  console.error(error.code === 'C3D_ABORTED' ? 'Interrupted.' : `error: ${error.message}`)
  process.exitCode = error.code === 'C3D_ABORTED' ? 130 : 1
}

async function demo() {
  const data = await openVideos(own ?? (await renderVideos()))
  const { training, validation } = data.split({ validation: 0.2, seed: 1 })
  const model = await C3D.create({
    // The paper's best network of section 3.2, narrower and on smaller pictures, so that a CPU is done in a minute or
    // two; with batch norm it learns much faster.
    architecture: {
      name: 'depth-3',
      widthMultiplier: 0.25,
      input: { height: 32, width: 32 },
      batchNorm: true,
      dropout: 0,
    },
    classes: data.classes,
    signal,
  })
  console.log(`\nTraining a network of ${model.parameterCount.toLocaleString('en')} parameters, into ${out}`)
  await trainModel(model, training, validation)

  console.log('\nAsking it about videos that it has not seen:')
  for (const video of own ? someOf(validation) : await renderUnseen()) {
    const { top } = await model.predict(video, { topK: 2, signal })
    const answers = top.map(({ label, probability }) => `${label} ${(100 * probability).toFixed(1)}%`)
    console.log(
      `  ${path.relative(path.dirname(path.dirname(video)), video).padEnd(40)} ${answers.join(', ')}`,
    )
  }
  console.log(`
The run is in ${out}: model.safetensors, config.json, metrics.jsonl. What next:
  npx c3d predict ${path.join(out, 'model.safetensors')} path/to/video.mp4
  npx c3d info ${path.join(out, 'model.safetensors')}
  npm run demo -- path/to/videos     (one folder for each class)`)
}

/**
 * @param {C3D} model
 * @param {VideoDataset} training
 * @param {VideoDataset} validation
 */
async function trainModel(model, training, validation) {
  // A mirrored 'left' is a 'right', so the digits are never mirrored.
  const sampling = {
    flipProbability: own ? 0.5 : 0,
    clipsPerVideo: Math.max(1, Math.round(CLIPS_PER_EPOCH / training.videos.length)),
  }
  /** @type {import('torch-c3d').TrainOptions} */
  const recipe = {
    epochs: EPOCHS,
    batchSize: 16,
    optimizer: { learningRate: LEARNING_RATE },
    sampling,
    evaluation: { clips: 'all' },
    // Decoded once: at this size that is most of the work.
    cache: 'memory',
  }
  const run = train(model, training, { ...recipe, validation, out }, { signal })
  const bar = makeBar('epoch {epoch} {bar} {value}/{total} steps, loss {loss}')
  for await (const event of run) {
    if (event.type === 'step') {
      const { epoch, stepInEpoch, stepsInEpoch, loss } = event
      bar.show(stepInEpoch, stepsInEpoch, { epoch, loss: loss.toFixed(3) })
    } else if (event.type === 'warning') {
      bar.clear()
      console.log(`warning: ${event.message}`)
    } else if (event.type === 'epoch') {
      bar.clear()
      console.log(epochLine(event))
    }
  }
}

/** @param {import('torch-c3d').EpochEvent} event */
function epochLine({ epoch, epochs, loss, accuracy, validation, clipsPerSecond }) {
  /** @param {number | undefined} part */
  const percent = (part = 0) => `${(100 * part).toFixed(1)}%`
  return [
    `epoch ${String(epoch).padStart(2)}/${epochs}`,
    `loss ${loss.toFixed(3)}`,
    `accuracy ${percent(accuracy)}`,
    `validation ${percent(validation?.clipTop1)} (videos ${percent(validation?.videoTop1)})`,
    `${clipsPerSecond.toFixed(0)} clips/s`,
  ].join('  ')
}

/** @param {string} folder */
async function openVideos(folder) {
  const bar = makeBar('counting frames {bar} {value}/{total}')
  const data = await VideoDataset.open(folder, {
    signal,
    onProgress: ({ done, total }) => bar.show(done, total),
  })
  bar.clear()
  console.log(
    `${folder}: ${data.videos.length} videos of ${data.classes.length} classes (${data.classes.join(', ')})`,
  )
  for (const { path: file, reason } of data.problems) console.log(`  left out: ${file}: ${reason}`)
  return data
}

/** Rendered once, and found again by later demos; renamed when complete, so that half a set is never taken. */
async function renderVideos() {
  const folder = path.join('runs', `demo-videos-${VIDEOS_PER_CLASS}`)
  if (existsSync(folder)) return folder
  console.log(
    'Rendering videos of moving digits; the classes are the motions, no single frame tells them apart.',
  )
  await render(`${folder}.part`, { videosPerClass: VIDEOS_PER_CLASS, overwrite: true })
  await rename(`${folder}.part`, folder)
  return folder
}

/** One of every class, from another seed than those it learned from. */
function renderUnseen() {
  return render(path.join(out, 'unseen'), { videosPerClass: 1, seed: Date.now() })
}

/**
 * @param {string} folder
 * @param {import('torch-c3d').MotionOptions} options
 */
async function render(folder, options) {
  const bar = makeBar('rendering {bar} {value}/{total} videos')
  const files = await makeMotionVideos(folder, {
    ...options,
    signal,
    onProgress: ({ done, total }) => bar.show(done, total),
  })
  bar.clear()
  return files
}

/**
 * The first video of some classes.
 *
 * @param {VideoDataset} dataset
 */
function someOf({ videos, classes }) {
  const firsts = classes.map((label) => videos.find((video) => video.label === label)?.path)
  return firsts.filter((file) => file !== undefined).slice(0, 6)
}

/**
 * A bar on a terminal, nothing elsewhere.
 *
 * @param {string} format
 */
function makeBar(format) {
  /** @type {SingleBar | undefined} */
  let bar
  return {
    /**
     * @param {number} done
     * @param {number} total
     * @param {object} payload
     */
    show(done, total, payload = {}) {
      if (!process.stderr.isTTY) return
      if (!bar) {
        bar = new SingleBar({ format, clearOnComplete: true, hideCursor: true }, Presets.shades_classic)
        bar.start(total, done, payload)
      }
      bar.update(done, payload)
    },
    clear() {
      bar?.stop()
      bar = undefined
    },
  }
}
