import os from 'node:os'
import path from 'node:path'
import * as z from 'zod'
import type { NativeClipCache } from '../native/binding'
import { choice, expected, settings, text, wholeNumber } from './fields'

/**
 * Where the package keeps what it can make again: TORCH_C3D_CACHE, or a folder `torch-c3d` among the user's caches,
 * the same that the set-up uses.
 */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.TORCH_C3D_CACHE) return path.resolve(environment.TORCH_C3D_CACHE)
  return path.join(userCaches(environment), 'torch-c3d')
}

function userCaches(environment: NodeJS.ProcessEnv): string {
  if (environment.XDG_CACHE_HOME) return environment.XDG_CACHE_HOME
  if (process.platform === 'darwin') return path.join(os.homedir(), 'Library', 'Caches')
  return path.join(os.homedir(), '.cache')
}

/** Where frame counts of videos are kept; null: nowhere. */
export function indexFolder(wanted: boolean): string | null {
  return wanted ? path.join(cacheFolder(), 'index') : null
}

/** Where it is kept which convolutions have been found right and wrong in lower precision on this machine. */
export function precisionFolder(): string {
  return path.join(cacheFolder(), 'precision')
}

const GIBIBYTE = 2 ** 30

/** Of the frames that one prediction keeps: 4000 of 171x128. What does not fit is decoded twice. */
export const MOST_KEPT_BYTES = 2 ** 28

const detailedCache = settings({
  type: choice(['memory', 'disk']),
  /** Frames beyond it are decoded every time. Left out: 4 GiB or a quarter of the memory, 50 GiB of the disk. */
  maxBytes: wholeNumber({ atLeast: 0 }).optional(),
  /** Only for 'disk'. Left out: `clips` in the cache folder of the package. */
  folder: text('the path of a folder').optional(),
})

/**
 * Whether decoded, resized frames are kept, so that a video is decoded once and not in every epoch: 'none'; 'memory'
 * until the end of the run; 'disk' for later runs too. A frame of 171x128 takes 66 kB. What is kept never changes a
 * result.
 */
export const cacheSchema = z.union([choice(['none', 'memory', 'disk']), detailedCache], {
  error: expected("'none', 'memory', 'disk' or an object with one of the last two as its type"),
})

export type ClipCache = z.input<typeof cacheSchema>

/** What the addon takes. */
export function nativeCache(cache: z.output<typeof cacheSchema>): NativeClipCache {
  if (cache === 'none') return { type: 'none' }
  const given = typeof cache === 'string' ? { type: cache } : cache
  if (given.type === 'memory') return { type: 'memory', maxBytes: given.maxBytes ?? defaultMemory() }
  return {
    type: 'disk',
    maxBytes: given.maxBytes ?? 50 * GIBIBYTE,
    folder: path.resolve(given.folder ?? path.join(cacheFolder(), 'clips')),
  }
}

function defaultMemory(): number {
  return Math.floor(Math.min(4 * GIBIBYTE, os.totalmem() / 4))
}
