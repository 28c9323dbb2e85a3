import { stat, statfs } from 'node:fs/promises'
import type { TrainingConfig } from '../config/training'
import { C3DError } from '../native/errors'
import { gigabytes } from './memory'
import type { RunFolder } from './run-folder'

/** Beside what a model is made of. */
const HEADERS = 1e6

/**
 * Refuses to begin what cannot be kept: the disk must hold the checkpoint twice, since a new one is written beside the
 * one before it, the model, the best one where there is a validation, and those that are kept.
 *
 * @param modelBytes of all weights
 * @param complete epochs
 * @throws C3D_FILE
 */
export async function requireDiskSpace(
  run: RunFolder,
  modelBytes: number,
  config: TrainingConfig,
  { validated, complete }: { validated: boolean; complete: number },
): Promise<void> {
  const free = await freeBytes(run.folder)
  if (free === undefined) return
  const { keepEpochs } = config.checkpoint ?? {}
  const kept = keepEpochs === undefined ? 0 : Math.floor((config.epochs - complete) / keepEpochs)
  const checkpoint = 2 * modelBytes // and the momentum
  const needed = 2 * checkpoint + modelBytes * (1 + (validated ? 1 : 0) + kept) + HEADERS
  const there = await Promise.all([run.checkpoint, run.best, run.model].map(sizeOf))
  const missing = needed - there.reduce((sum, size) => sum + size, 0)
  if (missing <= free) return
  throw new C3DError(
    'C3D_FILE',
    `The run needs about ${gigabytes(missing)} in '${run.folder}', for two checkpoints of ${gigabytes(checkpoint)} and the models, but ${gigabytes(free)} are free there. Make room, or choose another folder.`,
  )
}

/** For this user; undefined where the file system does not say. */
async function freeBytes(folder: string): Promise<number | undefined> {
  const { bavail, bsize, blocks } = await statfs(folder)
  return blocks > 0 ? bavail * bsize : undefined
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  )
}
