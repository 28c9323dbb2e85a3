import type { Command } from 'commander'
import { packVideos } from '../../pack'
import { addSourceOptions, openDataset, SOURCE_HELP, type SourceOptions } from '../dataset'
import { addCommonOptions, toNumber, toSize } from '../options'
import type { CommonOptions, RunCommand } from '../program'
import type { Session } from '../session'
import { plural } from '../text'

interface PackCommandOptions extends CommonOptions, SourceOptions {
  resize?: { width: number; height: number }
  shortSide?: number
  overwrite?: boolean
}

export function addDataPackCommand(data: Command, run: RunCommand): void {
  const command = data
    .command('pack')
    .description(
      'Writes decoded, resized frames of every video to <out>/<class>/<video>.c3dframes, a folder to train on that needs no decoding.',
    )
    .argument('<videos>', SOURCE_HELP)
    .argument('<out>', 'folder of the packed videos')
    .option('--resize <pixels>', 'size of the frames, like 171x128 (width x height)', toSize)
    .option('--short-side <pixels>', 'instead: length of the shorter side', toNumber)
    .option('--overwrite', 'make packed videos again that are there already')
  addCommonOptions(addSourceOptions(command)).action(
    (videos: string, out: string, options: PackCommandOptions) =>
      run(options, (session) => packCommand(videos, out, options, session)),
  )
}

async function packCommand(
  videos: string,
  out: string,
  { resize, shortSide, overwrite, ...options }: PackCommandOptions,
  session: Session,
): Promise<void> {
  const { terminal, signal } = session
  using dataset = await openDataset(videos, options, session)
  const { files, kept } = await packVideos(dataset, out, {
    resize: shortSide === undefined ? resize : { shortSide },
    overwrite,
    signal,
    onProgress: ({ done, total }) => terminal.progress('packing', done, total),
  })
  terminal.emit({ type: 'packed', out, videos: files.length, kept })
  terminal.print(
    `${plural(files.length, 'packed video')} in ${out}${kept > 0 ? `, ${kept} there before` : ''}`,
  )
}
