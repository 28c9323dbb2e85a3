import type { Command } from 'commander'
import { saveGradCam } from '../../explanation/draw'
import { C3D } from '../../model'
import { addCommonOptions, addDeviceOption, toNumber } from '../options'
import type { CommonOptions, RunCommand } from '../program'
import type { Session } from '../session'
import { percent } from '../text'
import {
  addPictureOptions,
  type PictureCommandOptions,
  pictureSettings,
  requirePictureFiles,
} from './options'

interface GradCamCommandOptions extends CommonOptions, PictureCommandOptions {
  class?: string
  layer?: string
  start?: number
  device?: string
}

export function addGradCamCommand(explain: Command, run: RunCommand): void {
  const command = explain
    .command('grad-cam')
    .description('Draws where in a clip of a video a network finds a class.')
    .argument('<model>', 'a .safetensors file')
    .argument('<video>', 'a video file or frame folder')
    .option('--class <name>', "(default: the clip's likeliest)")
    .option('--layer <name>', 'a convolution or pool (default: the last convolution)')
    .option('--start <frame>', "the clip's first (default: that of the clip in the middle)", toNumber)
  addCommonOptions(addDeviceOption(addPictureOptions(command))).action(
    (model: string, video: string, options: GradCamCommandOptions) =>
      run(options, (session) => gradCamCommand(model, video, options, session)),
  )
}

async function gradCamCommand(
  file: string,
  video: string,
  options: GradCamCommandOptions,
  { terminal, signal }: Session,
): Promise<void> {
  requirePictureFiles(options)
  const { class: label, layer, start, device, out } = options
  using model = await C3D.load(file, { device, signal })
  const cam = await model.gradCam(video, { class: label, layer, start, signal })
  for (const picture of out) await saveGradCam(picture, cam, pictureSettings(options))
  const { clip: _, map, heat: __, ...about } = cam
  terminal.emit({ type: 'grad-cam', ...about, map: { shape: map.shape, data: [...map.data] }, files: out })
  terminal.print(
    `${video}, frames ${cam.start} to ${cam.end - 1}: ${cam.label} ${percent(cam.probability)}, ${cam.layer}: ${out.join(', ')}`,
  )
  if (map.data.every((value) => value === 0))
    terminal.note(`Nothing in ${cam.layer} speaks for '${cam.label}': the map is 0 everywhere.`)
}
