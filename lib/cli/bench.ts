import type { Command } from 'commander'
import { type ComputeRate, computeSpeed } from '../compute-speed'
import { addCommonOptions, addDeviceOption, precisionOption, toNumber } from './options'
import type { RunCommand } from './program'
import type { Session } from './session'
import { addNetworkOptions } from './setting-options'
import { percent, table } from './text'
import { resolveSettings, type SettingOptions } from './train-settings'

interface BenchCommandOptions extends SettingOptions {
  classes?: number
  rounds?: number
  device?: string
}

export function addBenchCommand(program: Command, run: RunCommand): void {
  const command = program
    .command('bench')
    .summary('Measures how fast a network is trained and run here.')
    .description('Measures how fast a network is trained and run on this machine, on noise.')
    .option(
      '--architecture <name>',
      'c3d (default), depth-1, depth-3, depth-5, depth-7, increasing, decreasing, or a .json file',
    )
    .option('--batch-size <clips>', 'clips of a batch (default: 4)', toNumber)
    .option('--rounds <number>', 'times that each is measured; the median counts (default: 5)', toNumber)
    .addOption(precisionOption())
  addCommonOptions(addDeviceOption(addNetworkOptions(command))).action((options: BenchCommandOptions) =>
    run(options, (session) => benchCommand(options, session)),
  )
}

async function benchCommand(options: BenchCommandOptions, { terminal, signal }: Session): Promise<void> {
  const { model, training } = await resolveSettings(options)
  const { batchSize, precision } = training
  const { classes, preset, rounds, device } = options
  const given = { classes, preset, rounds, device, batchSize, precision }
  const speed = await computeSpeed(model.architecture ?? 'c3d', {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    signal,
    onProgress: ({ done, total }) => terminal.progress('rounds', done, total),
  })
  terminal.emit({ type: 'speed', ...speed })
  terminal.print(`${speed.device}, ${speed.precision}, batches of ${speed.batchSize}`)
  terminal.print(table([row('forward', speed.forward), row('training step', speed.step)]))
}

function row(name: string, { seconds, clipsPerSecond, flops, ofPeak }: ComputeRate): string[] {
  return [
    name,
    `${(1000 * seconds).toFixed(1)} ms`,
    `${clipsPerSecond.toFixed(2)} clips/s`,
    `${(flops / 1e9).toFixed(0)} GFLOP/s`,
    ofPeak === null ? '' : `${percent(ofPeak)} of the processor's peak`,
  ]
}
