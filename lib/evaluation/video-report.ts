import type { ResolvedEvaluation } from '../config/scoring'
import type { VideoDataset } from '../dataset'
import { C3DError } from '../native/errors'
import { type VideoScores, videoScores } from './video-metrics'
import { type VideoResult, videoResult } from './video-result'

/** Takes the answers for videos, passes them on to who wants them, and measures them. */
export class VideoReport {
  readonly #dataset: VideoDataset
  readonly #classes: readonly string[]
  readonly #settings: ResolvedEvaluation
  readonly #answers = new Map<number, number[]>()

  constructor(dataset: VideoDataset, classes: readonly string[], settings: ResolvedEvaluation) {
    this.#dataset = dataset
    this.#classes = classes
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
    const videos = answers.map(([item, probabilities]) => ({
      label: this.#classes.indexOf(this.#dataset.videos[item]?.label ?? ''),
      probabilities,
    }))
    const scores = await videoScores(this.#classes, videos)
    if (!this.#settings.details) return scores
    return { ...scores, results: answers.map(([item, probabilities]) => this.#result(item, probabilities)) }
  }

  #result(item: number, probabilities: number[]): VideoResult {
    const video = this.#dataset.videos[item]
    if (!video) throw new C3DError('C3D_INTERNAL', `There is no video ${item}.`)
    return videoResult(video, probabilities, this.#classes, this.#settings.topK)
  }
}
