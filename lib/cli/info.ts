import type { Command } from 'commander'
import { architectures } from '../architectures'
import type { ArchitectureInput } from '../config/architectures'
import { defaultClassCount } from '../config/architectures'
import { resolveModel } from '../config/model'
import { resolveTraining, type TrainingConfig } from '../config/training'
import { type ArchitectureSummary, C3D } from '../model'
import { type RuntimeInfo, runtime } from '../runtime'
import { forecastMemory, gigabytes, type MemoryForecast } from '../training/memory'
import { systemMemory } from '../training/system-memory'
import { addCommonOptions, toNumber } from './options'
import type { RunCommand } from './program'
import type { Session } from './session'
import { addNetworkOptions } from './setting-options'
import { plural, short, table } from './text'
import { resolveSettings, type SettingOptions, type Settings } from './train-settings'

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
    .option('--batch-size <clips>', 'clips a pass of the training whose memory is told', toNumber)
    .option('--accumulate <passes>', 'passes a step', toNumber)
  addCommonOptions(addNetworkOptions(command)).action(
    (model: string | undefined, options: InfoCommandOptions) =>
      run(options, (session) => infoCommand(model, options, session)),
  )
}

async function infoCommand(
  file: string | undefined,
  options: InfoCommandOptions,
  session: Session,
): Promise<void> {
  if (file !== undefined) return showModel(file, session)
  const settings = await resolveSettings(options)
  const { config, classes, preset, batchSize, accumulate } = options
  const asksForNetwork = [config, classes, preset, batchSize, accumulate].some((value) => value !== undefined)
  const architecture = settings.model.architecture ?? (asksForNetwork ? 'c3d' : undefined)
  if (architecture === undefined) return showRuntime(runtime.info(), session)
  await showArchitecture(architecture, settings, options, session)
}

function showRuntime(info: RuntimeInfo, { terminal }: Session): void {
  terminal.emit({ type: 'runtime', ...info })
  terminal.print(
    [
      `torch-c3d ${info.version}`,
      `LibTorch  ${info.libtorch}, ${info.libtorchBuild} build (${info.cpuCapability})`,
      `devices   ${info.devices.join(', ')}`,
      `threads   ${info.threads}`,
      `precision ${info.precision.auto}: ${info.precision.reason}`,
      ...info.precision.failed.map((failure) => `          wrong here, so in float32: ${failure}`),
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

async function showArchitecture(
  architecture: ArchitectureInput,
  { model, training }: Settings,
  { classes = defaultClassCount, preset, config }: InfoCommandOptions,
  { terminal }: Session,
): Promise<void> {
  // A file names the recipe that it is for; without one, the network is shown as the paper has it.
  const recipe = preset ?? (config === undefined ? undefined : model.preset)
  const summary = architectures.describe(architecture, classes, { preset: recipe })
  const names = Array.from({ length: classes }, (_, i) => String(i))
  const resolved = resolveModel({ ...model, preset: recipe, architecture, classes: names }).config
  const given = resolveTraining(training, resolved.preset)
  const precision = given.precision === 'auto' ? runtime.info().precision.auto : given.precision
  const settings = { ...given, precision }
  const { preprocessing } = resolved
  const { input } = resolved.architecture
  const forecast = forecastMemory({ config: settings, preprocessing, summary, input })
  const { available } = await systemMemory()
  terminal.emit({ type: 'architecture', classes, ...summary, memory: { ...forecast, available } })
  terminal.print(layerTable(summary))
  terminal.print(memoryTable(forecast, settings, available))
}

function memoryTable(
  forecast: MemoryForecast,
  { batchSize, accumulate }: TrainingConfig,
  available: number,
): string {
  const passes = accumulate === 1 ? '' : `, ${accumulate} passes a step`
  const { weights, gradients, momentum, activations, clips, cache, total, caveat } = forecast
  return [
    `\nMemory of a training in batches of ${batchSize}${passes}:`,
    table([
      ['weights', gigabytes(weights)],
      ['gradients', gigabytes(gradients)],
      ['momentum', gigabytes(momentum)],
      ['activations', `${gigabytes(activations)}  (${gigabytes(activations / batchSize)} a clip)`],
      ['clips read ahead', gigabytes(clips)],
      ['cache', gigabytes(cache)],
      ['in all, about', gigabytes(total)],
      ['free here', gigabytes(available)],
    ]),
    ...(caveat === undefined ? [] : [caveat]),
  ].join('\n')
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
