import { setImmediate } from 'node:timers/promises'
import { unhurried } from '../dataset/unhurried'
import type { NativeMultiLabelScores } from '../native/binding'
import { topPlaces } from '../scoring'
import { averagePrecision } from './average-precision'

/**
 * How well one class is told from the others, with TP, FP, FN: videos rightly, wrongly and not given this answer. Of a
 * multi-label model the classes that reach the threshold are given.
 */
export interface ClassScore {
  label: string
  /** Videos of this class, TP + FN. */
  support: number
  /** TP / (TP + FP); null where no video got this answer. */
  precision: number | null
  /** TP / (TP + FN); null where there is no video of this class. */
  recall: number | null
  /** 2 TP / (2 TP + FP + FN); null where there is neither. */
  f1: number | null
  /**
   * Of all videos ranked by this class's probability: sum over k of (R_k - R_(k-1)) P_k, as in scikit-learn's
   * average_precision_score. Null where there is no video of this class.
   */
  averagePrecision: number | null
}

export interface VideoScores {
  videoTop1: number
  videoTop5: number
  videos: number
  /** Mean of the classes' recalls, over the classes that have videos: small classes count as much as large ones. */
  meanClassAccuracy: number
  /** Mean of the classes' average precisions (mAP), over the classes that have videos. */
  meanAveragePrecision: number
  /**
   * Videos by class (row) and answer (column), in the order of the model's classes. Not there for a multi-label model,
   * whose answers to a video are not one of the classes.
   */
  confusion?: number[][]
  /** In the order of the model's classes. */
  perClass: ClassScore[]
  /** Of a multi-label model alone. */
  multiLabel?: NativeMultiLabelScores
  /** Of a multi-label model: the probability from which on a class is given as an answer. */
  threshold?: number
}

/** What is known about a video: its class number and the probability of every class. */
export interface ScoredVideo {
  label: number
  probabilities: readonly number[]
}

/** Measures the answers for some videos, at least one. Lets the event loop do other things in between. */
export async function videoScores(
  classes: readonly string[],
  videos: readonly ScoredVideo[],
): Promise<VideoScores> {
  const answers: Answer[] = []
  for await (const { label, probabilities } of unhurried(videos))
    answers.push({ label, best: topPlaces(probabilities, 5) })
  const confusion = confusionOf(classes.length, answers)
  const perClass: ClassScore[] = []
  for (const [number, label] of classes.entries()) {
    perClass.push({ label, ...countScores(confusion, number), averagePrecision: rankScore(videos, number) })
    await setImmediate()
  }
  return {
    videoTop1: partWithin(answers, 1),
    videoTop5: partWithin(answers, 5),
    videos: videos.length,
    meanClassAccuracy: mean(perClass.map(({ recall }) => recall)),
    meanAveragePrecision: mean(perClass.map((score) => score.averagePrecision)),
    confusion,
    perClass,
  }
}

/** A video's class and the likeliest ones. */
interface Answer {
  label: number
  best: readonly number[]
}

function confusionOf(classes: number, answers: readonly Answer[]): number[][] {
  const table = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (const { label, best } of answers) {
    const row = table[label] as number[]
    const [answer = 0] = best
    row[answer] = (row[answer] ?? 0) + 1
  }
  return table
}

function countScores(
  confusion: readonly (readonly number[])[],
  number: number,
): Pick<ClassScore, 'support' | 'precision' | 'recall' | 'f1'> {
  const support = (confusion[number] ?? []).reduce((sum, count) => sum + count, 0)
  const answered = confusion.reduce((sum, row) => sum + (row[number] ?? 0), 0)
  const right = confusion[number]?.[number] ?? 0
  return {
    support,
    precision: ratio(right, answered),
    recall: ratio(right, support),
    f1: ratio(2 * right, support + answered),
  }
}

function rankScore(videos: readonly ScoredVideo[], number: number): number | null {
  return averagePrecision(
    videos.map(({ probabilities }) => probabilities[number] ?? 0),
    videos.map(({ label }) => label === number),
  )
}

/** Part of the videos whose class is among the `count` likeliest. */
function partWithin(answers: readonly Answer[], count: number): number {
  return answers.filter(({ label, best }) => best.slice(0, count).includes(label)).length / answers.length
}

export function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}

/** Of the values that there are; 0 where there is none. */
export function mean(values: readonly (number | null)[]): number {
  const known = values.filter((value) => value !== null)
  return known.reduce((sum, value) => sum + value, 0) / Math.max(known.length, 1)
}
