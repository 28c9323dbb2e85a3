import type { Command } from 'commander'
import { invalid } from '../config/parse'
import type { PredictOptions } from '../config/scoring'
import type { LabelProbability } from '../evaluation/top-labels'
import { isAborted } from '../native/errors'
import { type ClipPrediction, type FusedPrediction, type Prediction, predict } from '../prediction'
import { addFusionOptions, type FusionOptions, Models } from './fusion'
import {
  addCommonOptions,
  addDeviceOption,
  aggregateOption,
  precisionOption,
  thresholdOption,
  toClips,
  toNumber,
} from './options'
import type { CommonOptions, RunCommand } from './program'
import type { Session } from './session'
import { percent } from './text'

interface PredictCommandOptions extends CommonOptions, FusionOptions {
  clips?: PredictOptions['clips']
  top?: number
  perClip?: boolean
  batchSize?: number
  aggregate?: PredictOptions['aggregate']
  precision?: PredictOptions['precision']
  threshold?: number
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
    .addOption(aggregateOption())
    .addOption(thresholdOption())
    .option('--batch-size <clips>', 'clips a forward pass', toNumber)
    .addOption(precisionOption())
  addCommonOptions(addDeviceOption(addFusionOptions(command))).action(
    (model: string, videos: string[], options: PredictCommandOptions) =>
      run(options, (session) => predictCommand(model, videos, options, session)),
  )
}

async function predictCommand(
  file: string,
  videos: string[],
  options: PredictCommandOptions,
  session: Session,
): Promise<void> {
  const { terminal, signal } = session
  session.endWithReader()
  if (options.perClip && options.with)
    throw invalid(
      '--per-clip',
      'this is for one model: models that are asked together may look at other clips',
    )
  using models = await Models.load(file, options, session)
  const { clips, top, perClip, batchSize, aggregate, precision, threshold, weights } = options
  const settings = { clips, topK: top, batchSize, aggregate, precision, threshold, signal }
  for (const video of videos) {
    try {
      const prediction =
        models.all.length === 1
          ? await models.first.predict(video, settings)
          : await predict(models.all, video, { ...settings, weights })
      terminal.emit({ type: 'prediction', ...prediction })
      terminal.print(describe(prediction, perClip ?? false))
    } catch (error) {
      if (isAborted(error)) throw error
      // One bad video of many is told, and the others are still answered.
      session.fail(error)
    }
  }
}

function describe(prediction: Prediction | FusedPrediction, perClip: boolean): string {
  const clips = 'clips' in prediction && perClip ? prediction.clips : []
  return [`${prediction.video}: ${answer(prediction)}`, ...clips.map(clipLine)].join('\n')
}

/** Of a multi-label model, first the classes that it gives: 'up 91.0%, slow 60.2% (left 12.0%)'. */
function answer({ top, answers }: Pick<Prediction, 'top' | 'answers'>): string {
  if (!answers) return labels(top)
  const given = top.filter(({ label }) => answers.includes(label))
  const others = top.filter(({ label }) => !answers.includes(label))
  return [
    given.length > 0 ? labels(given) : 'none',
    ...(others.length > 0 ? [`(${labels(others)})`] : []),
  ].join(' ')
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
