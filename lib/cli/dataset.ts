import { type Command, Option } from 'commander'
import type { OpenOptions } from '../config/dataset'
import { VideoDataset } from '../dataset'
import type { DatasetProblem } from '../dataset/listing'
import { lengthOf } from '../dataset/video-item'
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

/** Options that an official split has no use for. */
const MANIFEST_OPTIONS = ['root', 'classNames']

/** For commands that have no use for the two parts of an official split. */
export function addManifestOptions(command: Command, split = "value of a manifest's split column"): Command {
  return command
    .option('--split <name>', split)
    .option('--root <folder>', 'what the paths of a manifest or list file count from')
    .option('--class-names <file>', 'names of the classes of a list file, like classInd.txt')
}

export function addSourceOptions(command: Command): Command {
  return addManifestOptions(command, "value of a manifest's split column, or number of an official split")
    .addOption(
      new Option(
        '--ucf101-lists <folder>',
        'classInd.txt, trainlist01.txt, …: official splits of UCF101',
      ).conflicts(['hmdb51Lists', ...MANIFEST_OPTIONS]),
    )
    .addOption(
      new Option(
        '--hmdb51-lists <folder>',
        '<class>_test_split1.txt, …: official splits of HMDB51',
      ).conflicts(MANIFEST_OPTIONS),
    )
}

/** Opens a data set with a progress bar, and says what it holds and what had to be left out. */
export async function openDataset(
  source: string,
  options: SourceOptions,
  session: Session,
  indexing: Pick<OpenOptions, 'knownClasses'> = {},
): Promise<VideoDataset> {
  const settings = { ...sourceSettings(options), ...progressOf(session), ...indexing }
  const dataset = await VideoDataset.open(source, settings)
  tellDataset(dataset, session)
  return dataset
}

/** Both parts of an official split where an option asks for one. Says nothing. */
export async function openOfficialSplit(
  videos: string,
  { ucf101Lists, hmdb51Lists, split, allowOverlap }: SourceOptions,
  session: Session,
  indexing: Pick<OpenOptions, 'cache' | 'knownClasses'> = {},
): Promise<{ training: VideoDataset; test: VideoDataset } | undefined> {
  const lists = ucf101Lists ?? hmdb51Lists
  if (lists === undefined) return undefined
  const options = {
    videos,
    lists,
    allowOverlap,
    split: split === undefined ? undefined : Number(split),
    ...progressOf(session),
    ...indexing,
  }
  return ucf101Lists === undefined ? VideoDataset.openHmdb51(options) : VideoDataset.openUcf101(options)
}

/** The options that say how the source itself is understood. */
export function sourceSettings({ split, root, classNames }: SourceOptions): OpenOptions {
  return { split, root, classNames }
}

export function progressOf({ terminal, signal }: Session): Pick<OpenOptions, 'signal' | 'onProgress'> {
  return { signal, onProgress: ({ done, total }) => terminal.progress('counting frames', done, total) }
}

/** Most reasons that come from reading a file name it already. */
function withPath({ path, reason }: DatasetProblem): string {
  return reason.includes(path) ? reason : `${path}: ${reason}`
}

const MOST_SHOWN = 10

/** Says what a data set holds, and what had to be left out. */
export function tellDataset(dataset: VideoDataset, { terminal }: Session): void {
  const { source, folder, classes, videos, problems, warnings } = dataset
  const frames = videos.reduce((sum, video) => sum + lengthOf(video), 0)
  terminal.note(
    `${source}: ${plural(videos.length, 'video')} of ${plural(classes.length, 'class')}, ${plural(frames, 'frame')}`,
  )
  const lines = [
    ...problems.map((problem) => `left out: ${withPath(problem)}`),
    ...warnings.map((warning) => `warning: ${withPath(warning)}`),
  ]
  for (const line of lines.slice(0, MOST_SHOWN)) terminal.note(`  ${line}`)
  if (lines.length > MOST_SHOWN)
    terminal.note(`  and ${lines.length - MOST_SHOWN} more; c3d data check tells all`)
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
