import { setImmediate } from 'node:timers/promises'
import { unhurried } from '../dataset/unhurried'
import type { NativeMultiLabelScores } from '../native/binding'
import { topPlaces } from '../scoring'
import { averagePrecision } from './average-precision'
import type { ClipScores } from './clip-metrics'
import { type ClassScore, mean, ratio, type VideoScores } from './video-metrics'

/**
 * How well the classes of videos that have any number of them are found. A class is given as an answer where its
 * probability is at least `threshold`; all are parts of 1.
 */
export type MultiLabelScores = NativeMultiLabelScores

/** What is known about a video: the numbers of its classes and the probability of every class. */
export interface MultiLabelVideo {
  classes: readonly number[]
  probabilities: readonly number[]
}

/** Measures the answers for some videos, at least one. Lets the event loop do other things in between. */
export async function multiLabelScores(
  classes: readonly string[],
  videos: readonly MultiLabelVideo[],
  threshold: number,
): Promise<VideoScores> {
  const hits = new Hits()
  for await (const video of unhurried(videos)) hits.add(video)
  const mistakes = new Array<number>(videos.length).fill(0)
  const total = { right: 0, given: 0, wanted: 0 }
  const perClass: ClassScore[] = []
  for (const [number, label] of classes.entries()) {
    const relevant = videos.map((video) => video.classes.includes(number))
    const scores = videos.map(({ probabilities }) => probabilities[number] ?? 0)
    const counts = { right: 0, given: 0, wanted: 0 }
    scores.forEach((score, i) => {
      const isGiven = score >= threshold
      counts.right += Number(isGiven && relevant[i])
      counts.given += Number(isGiven)
      counts.wanted += Number(relevant[i])
      if (isGiven !== relevant[i]) mistakes[i] = (mistakes[i] ?? 0) + 1
    })
    for (const key of ['right', 'given', 'wanted'] as const) total[key] += counts[key]
    perClass.push({
      label,
      support: counts.wanted,
      precision: ratio(counts.right, counts.given),
      recall: ratio(counts.right, counts.wanted),
      f1: ratio(2 * counts.right, counts.given + counts.wanted),
      averagePrecision: averagePrecision(scores, relevant),
    })
    await setImmediate()
  }
  const meanAveragePrecision = mean(perClass.map((score) => score.averagePrecision))
  return {
    videoTop1: hits.top1,
    videoTop5: hits.top5,
    videos: videos.length,
    meanClassAccuracy: mean(perClass.map(({ recall }) => recall)),
    meanAveragePrecision,
    perClass,
    multiLabel: {
      meanAveragePrecision,
      microF1: ratio(2 * total.right, total.given + total.wanted) ?? 0,
      macroF1: mean(perClass.map(({ f1 }) => f1)),
      hammingLoss: mistakes.reduce((a, b) => a + b, 0) / (videos.length * classes.length),
      subsetAccuracy: mistakes.filter((count) => count === 0).length / videos.length,
    },
    threshold,
  }
}

/** Adds up the scores of clips that have any number of classes. */
export class MultiLabelClipMetrics {
  #loss = 0
  #clips = 0
  readonly #hits = new Hits()

  add(probabilities: readonly number[], classes: readonly number[]): void {
    this.#clips++
    this.#hits.add({ probabilities, classes })
    const losses = probabilities.map(
      (probability, number) =>
        -Math.log(Math.max(classes.includes(number) ? probability : 1 - probability, Number.MIN_VALUE)),
    )
    this.#loss += losses.reduce((a, b) => a + b, 0) / losses.length
  }

  scores(): ClipScores {
    return {
      loss: this.#loss / this.#clips,
      clipTop1: this.#hits.top1,
      clipTop5: this.#hits.top5,
      clips: this.#clips,
    }
  }
}

/** Parts of those with a class that have one of theirs among the 1 or 5 likeliest: hit@1, hit@5. */
class Hits {
  #all = 0
  #top1 = 0
  #top5 = 0

  add({ probabilities, classes }: MultiLabelVideo): void {
    if (classes.length === 0) return
    const best = topPlaces(probabilities, 5)
    this.#all++
    if (classes.includes(best[0] ?? -1)) this.#top1++
    if (best.some((place) => classes.includes(place))) this.#top5++
  }

  get top1(): number {
    return ratio(this.#top1, this.#all) ?? 0
  }

  get top5(): number {
    return ratio(this.#top5, this.#all) ?? 0
  }
}
