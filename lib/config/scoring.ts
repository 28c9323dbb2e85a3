import type { z } from 'zod'
import { cacheSchema } from './cache'
import { abortSignal, callback, settings, wholeNumber } from './fields'
import { defaultLoader, loaderSchema } from './loader'
import { complete, parse } from './parse'
import { clipsSchema, cropsSchema } from './sampling'

/** Settings of the two ways to ask a trained model: predict (one video, no label) and evaluate (a data set). */

export interface ScoringProgress {
  /** Clips computed so far, and in all. */
  done: number
  total: number
}

const scoringShape = {
  /** Clips a forward pass; only speed and memory depend on it. */
  batchSize: wholeNumber({ atLeast: 1 }).default(8),
  loader: loaderSchema.partial().prefault({}),
  /** Windows of a clip that are averaged: 1, the centre; 3; or 10, mirrored ones too. */
  crops: cropsSchema.default(1),
  cache: cacheSchema.default('none'),
  signal: abortSignal().optional(),
  onProgress: callback<(progress: ScoringProgress) => void>().optional(),
}

const predictSchema = settings({
  ...scoringShape,
  /** Left out: as many as fit with half overlap, at most 10, evenly spread. */
  clips: clipsSchema.optional(),
  /** Number of classes in `top`. */
  topK: wholeNumber({ atLeast: 1 }).default(5),
})

const evaluateSchema = settings({
  ...scoringShape,
  /** Section 3.2 scores all clips that do not overlap. */
  clips: clipsSchema.default('all'),
})

export type PredictOptions = z.input<typeof predictSchema>
export type EvaluateOptions = z.input<typeof evaluateSchema>

export function resolvePrediction(options: PredictOptions) {
  const parsed = parse(predictSchema, options, 'predict')
  return { ...parsed, loader: complete(defaultLoader(), parsed.loader) }
}

export function resolveEvaluation(options: EvaluateOptions) {
  const parsed = parse(evaluateSchema, options, 'evaluate')
  return { ...parsed, loader: complete(defaultLoader(), parsed.loader) }
}

/** Section 4.1 averages over 10 clips of a video, section 4 overlaps clips by half; short videos need fewer. */
const MOST_CLIPS = 10

/** How many clips of `span` frames a prediction looks at in a video of `frames` frames. */
export function defaultClips(frames: number, span: number): number {
  const step = Math.max(1, Math.floor(span / 2))
  const fitting = Math.floor(Math.max(0, frames - span) / step) + 1
  return Math.min(MOST_CLIPS, fitting)
}
