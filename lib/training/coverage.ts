import { clipSpan } from '../clip-span'
import type { ModelConfig } from '../config/model'
import type { TrainingConfig } from '../config/training'
import type { VideoDataset } from '../dataset'
import { labelsOf, lengthOf, type VideoItem } from '../dataset/video-item'
import { C3DError } from '../native/errors'

/**
 * The model's classes of which the training set gives no clip: that have no video, or whose videos are all shorter than
 * a clip and skipped.
 *
 * @throws C3D_EMPTY_DATASET where a choice between classes is to be learnt and only one has clips
 */
export function classesWithoutClips(
  dataset: VideoDataset,
  model: ModelConfig,
  { sampling }: TrainingConfig,
): string[] {
  const givesClips = (video: VideoItem) =>
    sampling.shortVideos !== 'skip' || lengthOf(video) >= clipSpan(model, video.framesPerSecond)
  const covered = new Set(dataset.videos.filter(givesClips).flatMap(labelsOf))
  const missing = model.classes.filter((name) => !covered.has(name))
  const [only] = covered
  if (!model.multiLabel && covered.size === 1)
    throw new C3DError(
      'C3D_EMPTY_DATASET',
      `Of the model's ${model.classes.length} classes only '${only}' has clips to train on${reason(dataset, missing)}, so that there is nothing to learn. Train on videos of several classes.`,
    )
  return missing
}

/** For people: what becomes of these classes. */
export function withoutClipsWarning(dataset: VideoDataset, missing: readonly string[]): string {
  const names = missing.map((name) => `'${name}'`).join(', ')
  const [what, them] = missing.length === 1 ? ['class', 'it'] : ['classes', 'them']
  return `The training set gives no clip of the ${what} ${names}${reason(dataset, missing)}: the model will not learn ${them}.`
}

/** ' (…)' where some of these classes have videos. */
function reason({ videos }: VideoDataset, missing: readonly string[]): string {
  const isThere = videos.some((video) => labelsOf(video).some((label) => missing.includes(label)))
  return isThere ? ' (videos shorter than a clip are skipped; see sampling.shortVideos)' : ''
}
