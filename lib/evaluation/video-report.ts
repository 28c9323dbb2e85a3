import type { ResolvedEvaluation } from '../config/scoring'
import type { VideoDataset } from '../dataset'
import { labelsOf } from '../dataset/video-item'
import type { ModelClasses } from '../labels'
import { C3DError } from '../native/errors'
import { multiLabelScores } from './multi-label-metrics'
import { type VideoScores, videoScores } from './video-metrics'
import { type VideoResult, videoResult } from './video-result'

/** Takes the answers for videos, passes them on to who wants them, and measures them. */
export class VideoReport {
  readonly #dataset: VideoDataset
  readonly #model: ModelClasses
  readonly #settings: ResolvedEvaluation
  readonly #answers = new Map<number, number[]>()

  constructor(dataset: VideoDataset, model: ModelClasses, settings: ResolvedEvaluation) {
    this.#dataset = dataset
    this.#model = model
    this.#settings = settings
  }

  add(item: number, probabilities: number[]): void {
    this.#answers.set(item, probabilities)
    const { onVideo } = this.#settings
    if (onVideo) onVideo(this.#result(item, probabilities))
  }

  answerTo(item: number): number[] | undefined {
    return this.#answers.get(item)
  }

  async scores(): Promise<VideoScores & { results?: VideoResult[] }> {
    const answers = [...this.#answers].sort(([a], [b]) => a - b)
    if (answers.length === 0)
      throw new C3DError('C3D_EMPTY_DATASET', `No video of '${this.#dataset.source}' could be scored.`)
    const scores = await this.#measure(answers)
    if (!this.#settings.details) return scores
    return { ...scores, results: answers.map(([item, probabilities]) => this.#result(item, probabilities)) }
  }

  #measure(answers: readonly [number, number[]][]): Promise<VideoScores> {
    const { classes, multiLabel } = this.#model
    const numbers = new Map(classes.map((name, number) => [name, number]))
    const videos = answers.map(([item, probabilities]) => ({
      classes: this.#labels(item).map((name) => numbers.get(name) ?? -1),
      probabilities,
    }))
    if (multiLabel) return multiLabelScores(classes, videos, this.#settings.threshold)
    const oneLabel = videos.map(({ classes: [label = -1], probabilities }) => ({ label, probabilities }))
    return videoScores(classes, oneLabel)
  }

  #labels(item: number): readonly string[] {
    const video = this.#dataset.videos[item]
    return video ? labelsOf(video) : []
  }

  #result(item: number, probabilities: number[]): VideoResult {
    const video = this.#dataset.videos[item]
    if (!video) throw new C3DError('C3D_INTERNAL', `There is no video ${item}.`)
    return videoResult(video, probabilities, this.#model, this.#settings)
  }
}
