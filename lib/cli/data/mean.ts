import type { Command } from 'commander'
import { clipMean } from '../../clip-mean'
import { formatNpy } from '../../files/npy'
import { replaceFile } from '../../files/replace-file'
import { addSourceOptions, openDataset, openOfficialSplit, SOURCE_HELP, type SourceOptions } from '../dataset'
import { addCommonOptions, toNumber, toSize } from '../options'
import type { CommonOptions, RunCommand } from '../program'
import type { Session } from '../session'
import { plural } from '../text'

interface MeanCommandOptions extends CommonOptions, SourceOptions {
  cube?: string
  frames?: number
  resize?: { width: number; height: number }
  bgr?: boolean
  temporalStride?: number
}

export function addDataMeanCommand(data: Command, run: RunCommand): void {
  const command = data
    .command('mean')
    .description(
      "Computes what preprocessing takes off the pixels: the mean of every channel and, with --cube, of every place of a clip. Of an official split it is the training part's.",
    )
    .argument('<videos>', SOURCE_HELP)
    .option('--cube <file>', 'write the mean of every place here, a .npy file of [3, frames, height, width]')
    .option('--frames <number>', 'frames of a clip', toNumber)
    .option('--resize <pixels>', 'size of the frames, like 171x128 (width x height)', toSize)
    .option('--bgr', 'channels in the order blue, green, red, as in the original')
    .option('--temporal-stride <number>', 'frames from one frame of a clip to the next', toNumber)
  addCommonOptions(addSourceOptions(command)).action((videos: string, options: MeanCommandOptions) =>
    run(options, (session) => meanCommand(videos, options, session)),
  )
}

async function meanCommand(videos: string, options: MeanCommandOptions, session: Session): Promise<void> {
  const { terminal, signal } = session
  const official = await openOfficialSplit(videos, options, session)
  using dataset = official?.training ?? (await openDataset(videos, options, session))
  const { channels, cube, clips } = await clipMean(dataset, {
    frames: options.frames,
    resize: options.resize,
    channelOrder: options.bgr ? 'bgr' : 'rgb',
    temporalStride: options.temporalStride,
    signal,
    onProgress: ({ done, total }) => terminal.progress('clips', done, total),
  })
  if (options.cube !== undefined) await replaceFile(options.cube, formatNpy(cube))
  terminal.emit({
    type: 'mean',
    channels,
    channelOrder: options.bgr ? 'bgr' : 'rgb',
    clips,
    cube: options.cube === undefined ? null : { file: options.cube, shape: cube.shape },
  })
  terminal.print(
    `mean: [${channels.map((mean) => mean.toFixed(3)).join(', ')}] over ${plural(clips, 'clip')}`,
  )
  if (options.cube !== undefined) terminal.print(`cube: ${options.cube}, [${cube.shape.join(', ')}]`)
}
