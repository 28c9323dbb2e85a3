import type { Command } from 'commander'
import type { OpenOptions } from '../config/dataset'
import { VideoDataset } from '../dataset'
import type { Session } from './session'
import { plural } from './text'

/** How a command line says which videos it means, beside the folder or file itself. */
export interface SourceOptions {
  split?: string
  root?: string
  classNames?: string
  ucf101Lists?: string
  hmdb51Lists?: string
  allowOverlap?: boolean
}

export const SOURCE_HELP = 'folder of <class>/<video>, manifest (.csv, .jsonl) or list file (.txt, .lst)'

export function addSourceOptions(command: Command): Command {
  return command
    .option('--split <name>', "value of a manifest's split column, or number of an official split")
    .option('--root <folder>', 'what the paths of a manifest or list file count from')
    .option('--class-names <file>', 'names of the classes of a list file, like classInd.txt')
    .option('--ucf101-lists <folder>', 'classInd.txt, trainlist01.txt, …: the official splits of UCF101')
    .option('--hmdb51-lists <folder>', '<class>_test_split1.txt, …: the official splits of HMDB51')
}

/** Opens a data set with a progress bar, and says what it holds and what had to be left out. */
export async function openDataset(
  source: string,
  options: SourceOptions,
  session: Session,
): Promise<VideoDataset> {
  const dataset = await VideoDataset.open(source, { ...given(options), ...progressOf(session) })
  tell(dataset, source, session)
  return dataset
}

/** The same for what `c3d data` looks at: also without labels, and where nothing can be read. Says nothing. */
export function inspectDataset(
  source: string,
  options: SourceOptions,
  session: Session,
): Promise<VideoDataset> {
  return VideoDataset.inspect(source, { ...given(options), ...progressOf(session) })
}

/** Both parts of an official split where an option asks for one. */
export async function openOfficialSplit(
  videos: string,
  { ucf101Lists, hmdb51Lists, split, allowOverlap }: SourceOptions,
  session: Session,
): Promise<{ training: VideoDataset; test: VideoDataset } | undefined> {
  const lists = ucf101Lists ?? hmdb51Lists
  if (lists === undefined) return undefined
  const options = {
    videos,
    lists,
    allowOverlap,
    split: split === undefined ? undefined : Number(split),
    ...progressOf(session),
  }
  const parts =
    ucf101Lists === undefined
      ? await VideoDataset.openHmdb51(options)
      : await VideoDataset.openUcf101(options)
  tell(parts.training, `${videos}, training`, session)
  tell(parts.test, `${videos}, test`, session, false)
  return parts
}

function given({ split, root, classNames }: SourceOptions): OpenOptions {
  return { split, root, classNames }
}

function progressOf({ terminal, signal }: Session): Pick<OpenOptions, 'signal' | 'onProgress'> {
  return { signal, onProgress: ({ done, total }) => terminal.progress('counting frames', done, total) }
}

const MOST_SHOWN = 10

function tell(dataset: VideoDataset, name: string, { terminal }: Session, withProblems = true): void {
  const { source, folder, classes, videos, problems, warnings } = dataset
  const { frames } = dataset.report()
  terminal.note(
    `${name}: ${plural(videos.length, 'video')} of ${plural(classes.length, 'class')}, ${plural(frames, 'frame')}`,
  )
  if (withProblems) {
    const lines = [
      ...problems.map(({ path, reason }) => `left out: ${path}: ${reason}`),
      ...warnings.map(({ path, reason }) => `warning: ${path}: ${reason}`),
    ]
    for (const line of lines.slice(0, MOST_SHOWN)) terminal.note(`  ${line}`)
    if (lines.length > MOST_SHOWN)
      terminal.note(`  and ${lines.length - MOST_SHOWN} more; c3d data check tells all`)
  }
  terminal.emit({
    type: 'dataset',
    source,
    folder,
    classes,
    videos: videos.length,
    frames,
    problems,
    warnings,
  })
}
