import { type Command, InvalidArgumentError } from 'commander'
import { type MotionName, motionNames } from '../config/motion'
import { makeMotionVideos } from '../motion/make-motion-videos'
import { addCommonOptions, toNumber, toSize } from './options'
import type { CommonOptions, RunCommand } from './program'
import type { Session } from './session'
import { plural } from './text'

interface MotionCommandOptions extends CommonOptions {
  classes?: MotionName[]
  videosPerClass?: number
  frames?: number
  size?: { width: number; height: number }
  fps?: number
  seed?: number
  overwrite?: boolean
}

export function addMakeMotionVideosCommand(program: Command, run: RunCommand): void {
  const command = program
    .command('make-motion-videos')
    .description('Renders a data set of moving digits whose classes no single frame tells.')
    .argument('<out>', 'folder for <class>/<video>.mp4')
    .option('--classes <list>', `motions, with commas between: ${motionNames.join(', ')}`, toMotions)
    .option('--videos-per-class <number>', 'videos of every motion', toNumber)
    .option('--frames <number>', 'frames of a video', toNumber)
    .option('--size <pixels>', 'of a frame, like 86x64 (width x height), even', toSize)
    .option('--fps <number>', 'frames per second', toNumber)
    .option('--seed <number>', 'equal seeds draw equal pictures; the encoder may differ', toNumber)
    .option('--overwrite', 'write to a folder that is not empty')
  addCommonOptions(command).action((out: string, options: MotionCommandOptions) =>
    run(options, (session) => makeMotionVideosCommand(out, options, session)),
  )
}

async function makeMotionVideosCommand(
  out: string,
  { classes, videosPerClass, frames, size, fps, seed, overwrite }: MotionCommandOptions,
  { terminal, signal }: Session,
): Promise<void> {
  const files = await makeMotionVideos(out, {
    classes,
    videosPerClass,
    frames,
    size,
    framesPerSecond: fps,
    seed,
    overwrite,
    signal,
    onProgress: ({ done, total }) => terminal.progress('videos', done, total),
  })
  terminal.emit({ type: 'videos', folder: out, files })
  terminal.print(`${plural(files.length, 'video')} in ${out}`)
}

function toMotions(text: string): MotionName[] {
  return text.split(',').map((name) => {
    const motion = motionNames.find((known) => known === name.trim())
    if (!motion) throw new InvalidArgumentError(`Expected motions of: ${motionNames.join(', ')}.`)
    return motion
  })
}
