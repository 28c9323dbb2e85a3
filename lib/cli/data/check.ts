import type { Command } from 'commander'
import { VideoDataset } from '../../dataset'
import { describeOverlap, type Overlap } from '../../dataset/overlap'
import {
  addSourceOptions,
  openOfficialSplit,
  progressOf,
  SOURCE_HELP,
  type SourceOptions,
  sourceSettings,
} from '../dataset'
import { addCommonOptions, toNumber } from '../options'
import type { CommonOptions, RunCommand } from '../program'
import type { Session } from '../session'
import { overlapText, reportText } from './check-text'

interface CheckCommandOptions extends CommonOptions, SourceOptions {
  against?: string
  againstSplit?: string
  clipLength?: number
}

export function addDataCheckCommand(data: Command, run: RunCommand): void {
  const command = data
    .command('check')
    .description(
      'Opens every file, counts its frames, and tells what is broken, what the data holds and what is suspicious. Ends with status 1 when something is broken, or shared with the other part.',
    )
    .argument('<videos>', SOURCE_HELP)
    .option('--against <videos>', 'another part of the data: tells what both share')
    .option('--against-split <name>', "the same, by the value of the manifest's split column")
    .option('--clip-length <frames>', 'shorter videos are counted', toNumber)
  addCommonOptions(addSourceOptions(command)).action((videos: string, options: CheckCommandOptions) =>
    run(options, (session) => checkCommand(videos, options, session)),
  )
}

async function checkCommand(videos: string, options: CheckCommandOptions, session: Session): Promise<void> {
  const [first, second] = await openParts(videos, options, session)
  check(first, options.clipLength, session)
  if (!second) return
  session.terminal.print('')
  check(second, options.clipLength, session)
  session.terminal.print('')
  compare(first.dataset, second.dataset, session)
}

/** Files are read again even where their frame counts are known: they may have been damaged since. */
const REREAD = { cache: false }

function inspect(source: string, options: SourceOptions, session: Session): Promise<VideoDataset> {
  return VideoDataset.inspect(source, { ...sourceSettings(options), ...progressOf(session), ...REREAD })
}

interface Part {
  dataset: VideoDataset
  /** For people. */
  name: string
}

async function openParts(
  videos: string,
  options: CheckCommandOptions,
  session: Session,
): Promise<[Part, Part?]> {
  const official = await openOfficialSplit(videos, { ...options, allowOverlap: true }, session, REREAD)
  if (official) return [named(official.training), named(official.test)]
  const first = named(await inspect(videos, options, session), options.split)
  const { against, againstSplit } = options
  if (against === undefined && againstSplit === undefined) return [first]
  const { split: _, ...others } = options
  const otherOptions = againstSplit === undefined ? others : { ...others, split: againstSplit }
  return [first, named(await inspect(against ?? videos, otherOptions, session), againstSplit)]
}

function named(dataset: VideoDataset, split?: string): Part {
  return { dataset, name: split === undefined ? dataset.source : `${dataset.source}, ${split}` }
}

function check({ dataset, name }: Part, clipLength: number | undefined, session: Session): void {
  const report = dataset.report({ clipLength })
  session.terminal.emit({ type: 'check', ...report })
  session.terminal.print(reportText(name, report))
  if (report.problems.length > 0) session.foundFault()
}

function compare(dataset: VideoDataset, other: VideoDataset, session: Session): void {
  const overlaps = dataset.overlaps(other)
  session.terminal.emit({ type: 'overlaps', overlaps: overlaps.map(pathsOf) })
  session.terminal.print(overlapText(overlaps.map(describeOverlap)))
  if (overlaps.length > 0) session.foundFault()
}

function pathsOf({ kind, videos: [here, there] }: Overlap) {
  return { kind, first: here.map((video) => video.path), second: there.map((video) => video.path) }
}
