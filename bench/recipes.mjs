/**
 * Compares recipes for training from scratch: each is cross-validated on the same folds of the same videos, with the
 * same kind of network and the same seeds.
 *
 *   npm run bench:recipes -- FOLDER… [--recipes modern,paper-section-3] [--variants FILE] [--folds 3] [--seeds 1]
 *                            [--architecture depth-3] [--width 0.25] [--size 56] [--epochs N] [--no-flip]
 *                            [--threads 0] [--json]
 *
 * FILE holds an object of recipes by name, each { "model": …, "training": … }: settings of C3D.create and of train on
 * top of the preset 'modern'. They are compared with the presets; `--recipes none` leaves those out.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { C3D, C3DError, evaluate, runtime, train, VideoDataset } from 'torch-c3d'

/** @typedef {Partial<import('torch-c3d').CreateOptions> & { architecture?: object }} ModelPart */
/** @typedef {{ model: ModelPart, training: import('torch-c3d').TrainOptions }} Recipe */
/**
 * @typedef {object} Result
 * @property {boolean} diverged
 * @property {number} seconds of training
 * @property {number} highestLoss of an epoch
 * @property {number} trainingLoss of the last epoch
 * @property {number} loss of the videos that were left out
 * @property {number} videoTop1 part of these
 */

const { values: options, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    recipes: { type: 'string', default: 'modern,paper-section-3' },
    variants: { type: 'string' },
    folds: { type: 'string', default: '3' },
    seeds: { type: 'string', default: '1' },
    architecture: { type: 'string', default: 'depth-3' },
    width: { type: 'string', default: '0.25' },
    size: { type: 'string', default: '56' },
    epochs: { type: 'string' },
    'no-flip': { type: 'boolean', default: false },
    threads: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
})
if (folders.length === 0) throw new Error('Expected at least one folder of <class>/<video>.')
runtime.configure({ threads: Number(options.threads) })

for (const folder of folders) {
  const data = await VideoDataset.open(folder)
  const parts = data.folds(Number(options.folds), { seed: 1 })
  if (!options.json) printHeader(folder, data)
  for (const [name, recipe] of recipesWanted()) {
    const results = []
    for (let seed = 1; seed <= Number(options.seeds); ++seed)
      for (const [fold, part] of parts.entries()) {
        const result = await crossValidate(recipe, data.classes, part, seed)
        results.push(result)
        if (options.json)
          console.log(JSON.stringify({ data: path.basename(folder), recipe: name, seed, fold, ...result }))
      }
    if (!options.json) printRow(name, results)
  }
  data.close()
}

/** @returns {Map<string, Recipe>} */
function recipesWanted() {
  const names = /** @type {import('torch-c3d').PresetName[]} */ (options.recipes.split(','))
  const recipes = new Map(
    names
      .filter((name) => /** @type {string} */ (name) !== 'none')
      .map((preset) => [preset, { model: { preset }, training: { preset } }]),
  )
  if (options.variants === undefined) return recipes
  const variants = JSON.parse(readFileSync(options.variants, 'utf8'))
  return new Map([...recipes, ...Object.entries(variants)])
}

/**
 * @param {Recipe} recipe
 * @param {readonly string[]} classes
 * @param {{ training: VideoDataset, validation: VideoDataset }} part
 * @param {number} seed
 * @returns {Promise<Result>}
 */
async function crossValidate({ model = {}, training: settings = {} }, classes, part, seed) {
  const size = Number(options.size)
  const network = await C3D.create({
    preset: 'modern',
    ...model,
    architecture: /** @type {import('torch-c3d').CreateOptions['architecture']} */ ({
      name: options.architecture,
      widthMultiplier: Number(options.width),
      input: { height: size, width: size },
      ...model.architecture,
    }),
    classes,
    seed,
  })
  /** @type {number[]} */
  const losses = []
  let seconds = 0
  let diverged = false
  try {
    for await (const epoch of train(network, part.training, {
      cache: 'memory',
      ...settings,
      ...(options.epochs !== undefined && { epochs: Number(options.epochs) }),
      ...(options['no-flip'] && { sampling: { ...settings.sampling, flipProbability: 0 } }),
      seed,
    }).epochs()) {
      losses.push(epoch.loss)
      seconds += epoch.seconds
    }
  } catch (error) {
    if (!(error instanceof C3DError) || error.code !== 'C3D_NON_FINITE_LOSS') throw error
    diverged = true
  }
  const scores = diverged ? { loss: Number.NaN, videoTop1: 0 } : await evaluate(network, part.validation)
  network.close()
  return {
    diverged,
    seconds,
    highestLoss: Math.max(...losses),
    trainingLoss: losses.at(-1) ?? Number.NaN,
    loss: scores.loss,
    videoTop1: scores.videoTop1,
  }
}

/**
 * @param {string} folder
 * @param {VideoDataset} data
 */
function printHeader(folder, data) {
  console.log(
    `\n${path.basename(folder)}: ${data.videos.length} videos, ${data.classes.length} classes, ${options.folds} folds, ${options.architecture} of ${options.width} of the width, ${options.size}x${options.size}`,
  )
  console.log(
    `${'recipe'.padEnd(26)}  ${'videos right (by fold)'.padEnd(34)}  loss  training loss  highest  s a run`,
  )
}

/**
 * @param {string} name
 * @param {Result[]} results
 */
function printRow(name, results) {
  /** @param {(result: Result) => number} value */
  const mean = (value) => results.reduce((sum, result) => sum + value(result), 0) / results.length
  /** @param {number} part */
  const percent = (part) => `${(100 * part).toFixed(1)}%`
  const folds = results.map(({ videoTop1, diverged }) => (diverged ? 'diverged' : percent(videoTop1)))
  console.log(
    [
      name.padEnd(26),
      `${percent(mean(({ videoTop1 }) => videoTop1))} (${folds.join(' ')})`.padEnd(34),
      mean(({ loss }) => loss).toFixed(2),
      mean(({ trainingLoss }) => trainingLoss)
        .toFixed(3)
        .padStart(13),
      Math.max(...results.map(({ highestLoss }) => highestLoss))
        .toFixed(2)
        .padStart(7),
      mean(({ seconds: time }) => time)
        .toFixed(0)
        .padStart(7),
    ].join('  '),
  )
}
