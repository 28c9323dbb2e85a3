import * as z from 'zod'
import type { VideoResult } from '../evaluation/video-result'
import { cacheSchema } from './cache'
import { abortSignal, callback, choice, expected, finiteNumber, flag, settings, wholeNumber } from './fields'
import { defaultLoader, loaderSchema } from './loader'
import { complete, invalid, parse } from './parse'
import { precisionSchema } from './precision'
import { clipsSchema, cropsSchema } from './sampling'

/** Settings of the two ways to ask a trained model: predict (one video, no label) and evaluate (a data set). */

export interface ScoringProgress {
  /** Clips computed so far, and in all; of one video, what its header promises until its end has been reached. */
  done: number
  total: number
}

export const aggregates = ['probabilities', 'logits', 'max'] as const

export type Aggregate = (typeof aggregates)[number]

const scoringShape = {
  /** Clips a forward pass; only speed and memory depend on it. */
  batchSize: wholeNumber({ atLeast: 1 }).default(8),
  /** In what layers multiply. Lower ones are faster on some devices, and move a probability by a percent or so. */
  precision: precisionSchema.default('float32'),
  loader: loaderSchema.partial().prefault({}),
  /** Windows of a clip that are averaged: 1, the centre; 3; or 10, mirrored ones too. */
  crops: cropsSchema.default(1),
  /**
   * How the network's outputs for a video's crops and clips become one answer: the mean of their probabilities; the
   * softmax of the mean of their logits; or each class's largest probability, divided by the sum of these. Of a
   * multi-label model, the sigmoid instead of the softmax, and no division.
   */
  aggregate: choice(aggregates).default('probabilities'),
  /** Of a multi-label model: the probability from which on a class is given as an answer. */
  threshold: finiteNumber({ above: 0, below: 1 }).default(0.5),
  /** Number of classes in `top`. */
  topK: wholeNumber({ atLeast: 1 }).default(5),
  cache: cacheSchema.default('none'),
  signal: abortSignal().optional(),
  onProgress: callback<(progress: ScoringProgress) => void>().optional(),
  /** With `loader: { unreadable: 'skip' }`: told of videos of which clips could not be read and are left out. */
  onUnreadable: callback<(videos: { path: string; reason: string }[]) => void>().optional(),
}

const predictSchema = settings({
  ...scoringShape,
  /** Left out: as many as fit with half overlap, at most 10, evenly spread. */
  clips: clipsSchema.optional(),
})

const evaluateSchema = settings({
  ...scoringShape,
  /** Section 3.2 scores all clips that do not overlap. */
  clips: clipsSchema.default('all'),
  /** Whether `results` has the answer for every video. */
  details: flag().default(false),
  /** Gets the answer for each video while later ones are still in work. */
  onVideo: callback<(result: VideoResult) => void>().optional(),
})

const fusionShape = {
  /** How much each model's probabilities count, in the models' order; left out: all the same. */
  weights: z
    .array(finiteNumber({ atLeast: 0 }), { error: expected('a list of numbers, one a model') })
    .optional(),
}

const fusedPredictSchema = predictSchema.extend(fusionShape)
const fusedEvaluateSchema = evaluateSchema.extend(fusionShape)

export type PredictOptions = z.input<typeof predictSchema>
export type FusedPredictOptions = z.input<typeof fusedPredictSchema>
export type EvaluateOptions = z.input<typeof evaluateSchema>
export type FusedEvaluateOptions = z.input<typeof fusedEvaluateSchema>
export type ResolvedEvaluation = ReturnType<typeof resolveEvaluation>

export function resolvePrediction(options: PredictOptions) {
  const parsed = parse(predictSchema, options, 'predict')
  return { ...parsed, loader: complete(defaultLoader(), parsed.loader) }
}

export function resolveEvaluation(options: EvaluateOptions) {
  const parsed = parse(evaluateSchema, options, 'evaluate')
  return { ...parsed, loader: complete(defaultLoader(), parsed.loader) }
}

/** The options without the weights, and a weight for each of `models`; the weights add up to 1. */
export function resolveFusedPrediction({ weights, ...options }: FusedPredictOptions, models: number) {
  const given = parse(fusedPredictSchema.pick({ weights: true }), { weights }, 'predict')
  return { options, weights: resolveWeights(given.weights, models, 'predict.weights') }
}

/** The same for an evaluation. */
export function resolveFusedEvaluation({ weights, ...options }: FusedEvaluateOptions, models: number) {
  const given = parse(fusedEvaluateSchema.pick({ weights: true }), { weights }, 'evaluate')
  return { options, weights: resolveWeights(given.weights, models, 'evaluate.weights') }
}

function resolveWeights(given: number[] | undefined, models: number, where: string): number[] {
  const weights = given ?? new Array<number>(models).fill(1)
  const sum = weights.reduce((a, b) => a + b, 0)
  if (weights.length !== models || sum === 0)
    throw invalid(where, `expected ${models} numbers, one a model and not all 0, got [${weights.join(', ')}]`)
  return weights.map((weight) => weight / sum)
}

/** Section 4.1 averages over 10 clips of a video, section 4 overlaps clips by half; short videos need fewer. */
export const MOST_CLIPS = 10

/** How many clips of `span` frames a prediction looks at in a video of `frames` frames. */
export function defaultClips(frames: number, span: number): number {
  const step = Math.max(1, Math.floor(span / 2))
  const fitting = Math.floor(Math.max(0, frames - span) / step) + 1
  return Math.min(MOST_CLIPS, fitting)
}
