import { evaluationSampling } from '../config/sampling'
import type { ResolvedEvaluation } from '../config/scoring'
import { classesOf } from '../labels'
import type { modelState } from '../model'
import type { NativeItems } from '../native/binding'
import { choosePrecision, nativePrecision } from '../precision/choose'
import { scoreClips } from '../scoring'
import { ClipMetrics, type ClipScores } from './clip-metrics'
import { MultiLabelClipMetrics } from './multi-label-metrics'
import { ScorePool } from './score-pool'

export type ModelState = ReturnType<typeof modelState>

/**
 * Runs all videos through one model.
 *
 * @param onVideo gets the probabilities for each video, by its place in the data set, when its last clip is computed;
 * not for a video that could not be read
 */
export async function scoreVideos(
  model: ModelState,
  items: NativeItems,
  settings: ResolvedEvaluation,
  onVideo: (item: number, probabilities: number[]) => void,
): Promise<ClipScores> {
  const {
    clips,
    crops,
    aggregate,
    details: _,
    topK: __,
    onVideo: ___,
    threshold: ____,
    ...scoring
  } = settings
  const chosen = await choosePrecision(model, settings.precision, 'evaluate.precision', settings.signal)
  const precision = nativePrecision(chosen)
  const { multiLabel } = model.config
  const clipMetrics = multiLabel ? new MultiLabelClipMetrics() : new ClipMetrics()
  let current: { item: number; pool: ScorePool } | undefined
  const finish = (): void => {
    if (current) onVideo(current.item, current.pool.probabilities())
  }
  const sampling = evaluationSampling(clips, crops, model.config.preprocessing)
  // Clips come in the order of their videos: nothing is shuffled here.
  await scoreClips(model, { ...scoring, precision, items, sampling }, (clip) => {
    clipMetrics.add(
      new ScorePool(aggregate, multiLabel).addAll(clip.crops).probabilities(),
      classesOf(items, clip.item),
    )
    if (current?.item !== clip.item) {
      finish()
      current = { item: clip.item, pool: new ScorePool(aggregate, multiLabel) }
    }
    current.pool.addAll(clip.crops)
  })
  finish()
  return clipMetrics.scores()
}
