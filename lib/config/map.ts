import type * as z from 'zod'
import { abortSignal, callback, finiteNumber, seed, settings, wholeNumber } from './fields'

export interface MapProgress {
  done: number
  total: number
}

/** Settings of maps of features. McInnes, Healy and Melville, UMAP, arXiv 1802.03426. */
export const mapSchema = settings({
  /** Rows near each row that keep their place beside it: fewer show the small, more the large. UMAP's n_neighbors. */
  neighbors: wholeNumber({ atLeast: 2 }).default(15),
  /** How near points may come, of a map some ten wide. UMAP's min_dist. */
  minDistance: finiteNumber({ atLeast: 0, atMost: 1 }).default(0.1),
  /** Longer features are reduced to so many principal components before, which takes out noise and time. */
  components: wholeNumber({ atLeast: 2 }).default(50),
  /** Over the map, each moving its points; left out: 500 for up to 2,500 rows, down to 200 for more. UMAP's n_epochs. */
  passes: wholeNumber({ atLeast: 1 }).optional(),
  /** Equal seeds and features give the same map. */
  seed: seed().default(1),
  signal: abortSignal().optional(),
  /** Passes over the map. */
  onProgress: callback<(progress: MapProgress) => void>().optional(),
})

export const saveMapSchema = settings({
  signal: abortSignal().optional(),
  /** For pages: videos whose frames are read. */
  onProgress: callback<(progress: MapProgress) => void>().optional(),
  /** For pages: told of videos that cannot be read, whose points have no picture. */
  onUnreadable: callback<(videos: { path: string; reason: string }[]) => void>().optional(),
})

/** Of the pictures on a page: pixels of the longer side, and JPEG's quality. */
export const thumbnail = { side: 112, quality: 70 }

export type MapOptions = z.input<typeof mapSchema>
export type SaveMapOptions = z.input<typeof saveMapSchema>
