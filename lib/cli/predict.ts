import type { Command } from 'commander'
import type { PredictOptions } from '../config/scoring'
import { C3D } from '../model'
import { isAborted } from '../native/errors'
import type { ClipPrediction, LabelProbability, Prediction } from '../prediction'
import { addCommonOptions, addDeviceOption, toClips, toNumber } from './options'
import type { CommonOptions, RunCommand } from './program'
import type { Session } from './session'
import { percent } from './text'

interface PredictCommandOptions extends CommonOptions {
  clips?: PredictOptions['clips']
  top?: number
  perClip?: boolean
  batchSize?: number
  device?: string
}

export function addPredictCommand(program: Command, run: RunCommand): void {
  const command = program
    .command('predict')
    .description('Says what is in videos.')
    .argument('<model>', 'a .safetensors file')
    .argument('<videos...>', 'video files or frame folders')
    .option('--clips <number>', "clips of a video, evenly spread, or 'all' that do not overlap", toClips)
    .option('--top <number>', 'classes to show', toNumber)
    .option('--per-clip', 'show every clip too')
    .option('--batch-size <clips>', 'clips a forward pass', toNumber)
  addCommonOptions(addDeviceOption(command)).action(
    (model: string, videos: string[], options: PredictCommandOptions) =>
      run(options, (session) => predictCommand(model, videos, options, session)),
  )
}

async function predictCommand(
  file: string,
  videos: string[],
  { clips, top, perClip, batchSize, device }: PredictCommandOptions,
  session: Session,
): Promise<void> {
  const { terminal, signal } = session
  using model = await C3D.load(file, { device, signal })
  for (const video of videos) {
    try {
      const prediction = await model.predict(video, { clips, topK: top, batchSize, signal })
      terminal.emit({ type: 'prediction', ...prediction })
      terminal.print(describe(prediction, perClip ?? false))
    } catch (error) {
      if (isAborted(error)) throw error
      // One bad video of many is told, and the others are still answered.
      session.fail(error)
    }
  }
}

function describe({ video, top, clips }: Prediction, perClip: boolean): string {
  return [`${video}: ${labels(top)}`, ...(perClip ? clips.map(clipLine) : [])].join('\n')
}

function clipLine(clip: ClipPrediction): string {
  const { start, end, startSeconds, endSeconds, top } = clip
  const seconds =
    startSeconds === undefined || endSeconds === undefined
      ? ''
      : ` (${startSeconds.toFixed(2)} to ${endSeconds.toFixed(2)} s)`
  return `  frames ${start} to ${end - 1}${seconds}: ${labels(top)}`
}

function labels(top: readonly LabelProbability[]): string {
  return top.map(({ label, probability }) => `${label} ${percent(probability)}`).join(', ')
}
