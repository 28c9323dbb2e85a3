import { VideoDataset } from '../dataset'
import type { Session } from './session'
import { plural } from './text'

const MOST_PROBLEMS_SHOWN = 10

/** Opens a data set with a progress bar, and says what it holds and what had to be left out. */
export async function openDataset(folder: string, { terminal, signal }: Session): Promise<VideoDataset> {
  const dataset = await VideoDataset.open(folder, {
    signal,
    onProgress: ({ done, total }) => terminal.progress('counting frames', done, total),
  })
  const { classes, videos, problems } = dataset
  const frames = videos.reduce((sum, video) => sum + video.frames, 0)
  terminal.note(
    `${folder}: ${plural(videos.length, 'video')} of ${plural(classes.length, 'class')}, ${plural(frames, 'frame')}`,
  )
  for (const { path, reason } of problems.slice(0, MOST_PROBLEMS_SHOWN))
    terminal.note(`  left out: ${path}: ${reason}`)
  if (problems.length > MOST_PROBLEMS_SHOWN)
    terminal.note(`  and ${problems.length - MOST_PROBLEMS_SHOWN} more`)
  terminal.emit({ type: 'dataset', folder, classes, videos: videos.length, frames, problems })
  return dataset
}
