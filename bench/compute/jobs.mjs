import { architectures } from 'torch-c3d'

/** @typedef {import('./peer.mjs').Work} Work */
/** @typedef {import('./peer.mjs').Precision} Precision */
/** @typedef {import('torch-c3d').ArchitectureName} Network */
/** @typedef {{ task: Work['task'], network: Network, clips: number, precision: Precision }} Row */
/** @typedef {{ label: string, gflop: number, work: Work }} Job */

const CLASSES = 101
const PREPROCESSING = { mean: /** @type {[number, number, number]} */ ([128, 128, 128]), scale: 1 / 64 }

/**
 * @param {Work['task']} task
 * @param {Network} network
 * @param {number} clips
 * @param {Precision[]} precisions
 * @returns {Row[]}
 */
function rows(task, network, clips, precisions) {
  return precisions.map((precision) => ({ task, network, clips, precision }))
}

/** @type {Precision[]} */
const CPU_PRECISIONS = ['float32', 'bfloat16']
/** @type {Precision[]} */
export const GPU_PRECISIONS = ['float32', 'tf32', 'bfloat16', 'float16']

const CPU_ROWS = [
  ...rows('step', 'c3d', 4, CPU_PRECISIONS),
  ...rows('forward', 'c3d', 4, CPU_PRECISIONS),
  ...rows('step', 'depth-3', 30, ['float32']), // the paper's batch
]
const QUICK_CPU_ROWS = [
  ...rows('step', 'depth-3', 2, ['float32']),
  ...rows('forward', 'depth-3', 2, ['float32']),
]
/** @type {Network[]} */
const NETWORKS = ['c3d', 'depth-3']
const GPU_ROWS = NETWORKS.flatMap((network) => [
  ...rows('step', network, 30, GPU_PRECISIONS),
  ...rows('forward', network, 30, CPU_PRECISIONS),
  ...rows('forward', network, 1, CPU_PRECISIONS),
])
const QUICK_GPU_ROWS = [
  ...rows('step', 'c3d', 30, CPU_PRECISIONS),
  ...rows('forward', 'c3d', 30, ['bfloat16']),
]

/**
 * @typedef {object} Choice
 * @property {Work['task'][]} tasks
 * @property {Network[] | undefined} networks
 * @property {Precision[] | undefined} precisions
 * @property {number[] | undefined} clips
 */

/**
 * The rows of the table for a kind of device that fit what was chosen; where none does, rows of exactly that.
 *
 * @param {{ onGpu: boolean, quick: boolean, bfloat16: boolean }} kind whether the processor computes in bfloat16 only
 *   decides what is in the table where no precision is chosen
 * @param {Choice} choice
 * @returns {Row[]}
 */
export function chooseRows({ onGpu, quick, bfloat16 }, { tasks, networks, precisions, clips }) {
  const table = onGpu ? (quick ? QUICK_GPU_ROWS : GPU_ROWS) : quick ? QUICK_CPU_ROWS : CPU_ROWS
  const ofTasks = table.filter((row) => tasks.includes(row.task))
  const found = ofTasks
    .filter((row) => onGpu || bfloat16 || row.precision !== 'bfloat16' || precisions)
    .filter((row) => networks?.includes(row.network) ?? true)
    .filter((row) => precisions?.includes(row.precision) ?? true)
    .filter((row) => clips?.includes(row.clips) ?? true)
  if (found.length > 0) return found
  return tasks.flatMap((task) =>
    (networks ?? ['c3d']).flatMap((network) =>
      (clips ?? [onGpu ? 30 : 4]).flatMap((count) => rows(task, network, count, precisions ?? ['float32'])),
    ),
  )
}

/**
 * @param {Row} row
 * @param {Pick<Work, 'threads' | 'device' | 'resident'>} where
 * @returns {Job}
 */
export function jobOf({ task, network, clips, precision }, where) {
  const architecture = architectures.build(network)
  const { layers } = architectures.describe(architecture, CLASSES)
  const macs = layers.reduce((sum, layer) => sum + layer.macs, 0)
  // Backward computes two gradients as dear as the forward pass, but none of the clip.
  const stepMacs = 3 * macs - (layers[0]?.macs ?? 0)
  const plural = clips === 1 ? 'clip' : 'clips'
  return {
    label: `${task === 'step' ? 'training step' : 'forward'}, ${network}, ${clips} ${plural}, ${precision}`,
    gflop: (2 * clips * (task === 'step' ? stepMacs : macs)) / 1e9,
    work: { task, architecture, classes: CLASSES, clips, precision, preprocessing: PREPROCESSING, ...where },
  }
}
