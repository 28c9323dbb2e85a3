import type { Command } from 'commander'
import { saveFilters } from '../../explanation/draw'
import { C3D } from '../../model'
import { addCommonOptions } from '../options'
import type { CommonOptions, RunCommand } from '../program'
import type { Session } from '../session'
import { plural } from '../text'
import {
  addPictureOptions,
  type PictureCommandOptions,
  pictureSettings,
  requirePictureFiles,
} from './options'

interface FiltersCommandOptions extends CommonOptions, PictureCommandOptions {}

export function addFiltersCommand(explain: Command, run: RunCommand): void {
  const command = explain
    .command('filters')
    .description("Draws the kernels of a network's first convolution, frame by frame.")
    .argument('<model>', 'a .safetensors file')
  addCommonOptions(addPictureOptions(command)).action((model: string, options: FiltersCommandOptions) =>
    run(options, (session) => filtersCommand(model, options, session)),
  )
}

async function filtersCommand(
  file: string,
  options: FiltersCommandOptions,
  { terminal, signal }: Session,
): Promise<void> {
  requirePictureFiles(options)
  using model = await C3D.load(file, { device: 'cpu', signal })
  const filters = model.firstFilters()
  for (const picture of options.out) await saveFilters(picture, filters, pictureSettings(options))
  const { layer, shape } = filters
  const [count, frames, height, width] = shape
  terminal.emit({ type: 'filters', layer, shape, files: options.out })
  terminal.print(
    `${layer}: ${plural(count, 'filter')} of ${frames}x${height}x${width}: ${options.out.join(', ')}`,
  )
}
