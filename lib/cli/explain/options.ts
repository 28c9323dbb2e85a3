import type { Command } from 'commander'
import type { PictureOptions } from '../../config/explanation'
import { requirePictureFile } from '../../pictures/sheet-file'
import { append } from '../fusion'
import { toNumber } from '../options'

export interface PictureCommandOptions {
  out: string[]
  scale?: number
  every?: number
  fps?: number
}

export function addPictureOptions(command: Command): Command {
  return command
    .requiredOption(
      '--out <file>',
      '.png, .svg (with captions), .gif or .mp4; may be given several times',
      append,
    )
    .option(
      '--scale <pixels>',
      "of the picture for each of the clip's (default: until it is legible)",
      toNumber,
    )
    .option('--every <frames>', 'a .png or .svg shows one of so many frames (default: 1)', toNumber)
    .option('--fps <number>', 'frames a second of a .gif or .mp4 (default: 8)', toNumber)
}

export function pictureSettings({ scale, every, fps }: PictureCommandOptions): PictureOptions {
  return { scale, every, framesPerSecond: fps }
}

/** Throws for a name of another ending, before anything is computed. */
export function requirePictureFiles({ out }: PictureCommandOptions): void {
  for (const file of out) requirePictureFile(file)
}
