import type { Command } from 'commander'
import { architectures } from '../architectures'
import type { ArchitectureInput } from '../config/architectures'
import { defaultClassCount } from '../config/architectures'
import { type ArchitectureSummary, C3D } from '../model'
import { type RuntimeInfo, runtime } from '../runtime'
import { addCommonOptions, presetOption, toNumber, toSize } from './options'
import type { RunCommand } from './program'
import type { Session } from './session'
import { plural, short, table } from './text'
import { resolveSettings, type SettingOptions } from './train-settings'

interface InfoCommandOptions extends SettingOptions {
  classes?: number
}

export function addInfoCommand(program: Command, run: RunCommand): void {
  const command = program
    .command('info')
    .summary('Shows this installation, a model or a network.')
    .description('Shows what this installation can do, and the layers of a model or of a network.')
    .argument('[model]', 'a .safetensors file')
    .option(
      '--architecture <name>',
      'c3d, depth-1, depth-3, depth-5, depth-7, increasing, decreasing, or a .json file',
    )
    .option('--classes <number>', 'outputs of the network', toNumber)
    .addOption(presetOption())
    .option('--frames <number>', 'frames of a clip', toNumber)
    .option('--input-size <pixels>', "of a clip's frames, like 112 or 128x112 (width x height)", toSize)
    .option('--width-multiplier <number>', 'makes every layer wider or narrower', toNumber)
    .option('--batch-norm', 'batch norm behind every convolution')
    .option('--no-batch-norm', 'behind none')
  addCommonOptions(command).action((model: string | undefined, options: InfoCommandOptions) =>
    run(options, (session) => infoCommand(model, options, session)),
  )
}

async function infoCommand(
  file: string | undefined,
  options: InfoCommandOptions,
  session: Session,
): Promise<void> {
  if (file !== undefined) return showModel(file, session)
  const { model } = await resolveSettings(options)
  const asksForNetwork = options.classes !== undefined || options.preset !== undefined
  const architecture = model.architecture ?? (asksForNetwork ? 'c3d' : undefined)
  if (architecture === undefined) return showRuntime(runtime.info(), session)
  showArchitecture(architecture, options, session)
}

function showRuntime(info: RuntimeInfo, { terminal }: Session): void {
  terminal.emit({ type: 'runtime', ...info })
  terminal.print(
    [
      `torch-c3d ${info.version}`,
      `LibTorch  ${info.libtorch} (${info.cpuCapability})`,
      `devices   ${info.devices.join(', ')}`,
      `threads   ${info.threads}`,
      `videos    ${info.ffmpeg ?? `cannot be read: ${info.ffmpegProblem}`}`,
      `images    ${info.images.join(', ') || 'none'}`,
    ].join('\n'),
  )
}

async function showModel(file: string, { terminal, signal }: Session): Promise<void> {
  using model = await C3D.load(file, { device: 'cpu', signal })
  const summary = model.summary()
  const { architecture, classes, preprocessing } = model
  terminal.emit({ type: 'model', file, classes, preprocessing, architecture, ...summary })
  terminal.print(`${file}: ${architecture.name}, ${plural(classes.length, 'class')}: ${classes.join(', ')}`)
  terminal.print(`preprocessing: ${JSON.stringify(preprocessing)}\n`)
  terminal.print(layerTable(summary))
}

function showArchitecture(
  architecture: ArchitectureInput,
  { classes = defaultClassCount, preset }: InfoCommandOptions,
  { terminal }: Session,
): void {
  const summary = architectures.describe(architecture, classes, { preset })
  terminal.emit({ type: 'architecture', classes, ...summary })
  terminal.print(layerTable(summary))
}

function layerTable({ layers, parameters, macs }: ArchitectureSummary): string {
  return table([
    ['layer', 'output', 'parameters', 'MACs'],
    ...layers.map((layer) => [
      layer.name,
      layer.output.join(' x '),
      layer.parameters.toLocaleString('en'),
      short(layer.macs),
    ]),
    ['total', '', parameters.toLocaleString('en'), short(macs)],
  ])
}
