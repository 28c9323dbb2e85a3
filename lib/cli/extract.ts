import { type Command, Option } from 'commander'
import { type ExtractSetOptions, poolings } from '../config/features'
import { invalid } from '../config/parse'
import { VideoDataset } from '../dataset'
import { type ExtractionSpeed, extractionSpeed, type Pace } from '../extraction-speed'
import { extract } from '../features'
import { featureFormat } from '../features/feature-file'
import type { FeatureSet } from '../features/feature-set'
import { C3D } from '../model'
import {
  addManifestOptions,
  progressOf,
  SOURCE_HELP,
  type SourceOptions,
  sourceSettings,
  tellDataset,
} from './dataset'
import { addCommonOptions, addDeviceOption, cacheOption, toNumber } from './options'
import type { CommonOptions, RunCommand } from './program'
import type { Session } from './session'
import { plural, table } from './text'

interface ExtractCommandOptions extends CommonOptions, SourceOptions {
  layer?: string
  stride?: number
  pooling?: ExtractSetOptions['pooling']
  normalize?: ExtractSetOptions['normalize']
  per?: ExtractSetOptions['per']
  out?: string
  c3dFiles?: string
  batchSize?: number
  cache?: ExtractSetOptions['cache']
  skipUnreadable?: boolean
  benchmark?: boolean
  device?: string
}

export function addExtractCommand(program: Command, run: RunCommand): void {
  const command = program
    .command('extract')
    .summary('Writes what a layer makes of videos: features.')
    .description(
      'Writes what a layer of a network makes of videos: by default the C3D descriptor, which is the mean of fc6 over clips that overlap by half, L2-normalised. Goes on where it was stopped.',
    )
    .argument('<model>', 'a .safetensors file')
    .argument('<videos>', `a video, or a ${SOURCE_HELP}; labels are not needed`)
    .option('--layer <name>', "like conv5b, pool5, fc6, fc7, fc8 (logits) or 'prob' (default: fc6)")
    .option('--stride <frames>', "from one clip's start to the next one's (default: 8)", toNumber)
    .addOption(
      new Option(
        '--pooling <how>',
        'how the activations of a convolution or pool become a vector: all of them, or one a channel',
      ).choices(poolings),
    )
    .addOption(
      new Option('--normalize <how>', 'what becomes of the length of a vector').choices(['l2', 'none']),
    )
    .addOption(new Option('--per <what>', 'a row for each video or for each clip').choices(['video', 'clip']))
    .option('--out <file>', '.npy, .npz, .safetensors, .jsonl or .csv')
    .option('--c3d-files <folder>', "a file for each clip, as C3D's Caffe code writes them")
    .option('--batch-size <clips>', 'clips a forward pass', toNumber)
    .addOption(cacheOption())
    .option('--skip-unreadable', 'leave out clips that cannot be read')
    .option('--benchmark', 'only measure how fast it is, with decoding and without')
  addCommonOptions(addDeviceOption(addManifestOptions(command))).action(
    (model: string, videos: string, options: ExtractCommandOptions) =>
      run(options, (session) => extractCommand(model, videos, options, session)),
  )
}

async function extractCommand(
  file: string,
  videos: string,
  options: ExtractCommandOptions,
  session: Session,
): Promise<void> {
  const { terminal, signal } = session
  const { layer, stride, pooling, normalize, per, out, c3dFiles, batchSize, cache, device } = options
  if (out === undefined && c3dFiles === undefined && !options.benchmark)
    throw invalid('extract', 'expected --out, --c3d-files or --benchmark, got none of them')
  if (out !== undefined) featureFormat(out)
  using model = await C3D.load(file, { device, signal })
  using dataset = await openVideos(videos, options, session)
  const common = {
    layer,
    stride,
    pooling,
    normalize,
    batchSize,
    signal,
    ...(options.skipUnreadable && { loader: { unreadable: 'skip' as const } }),
    onProgress: ({ done, total }: { done: number; total: number }) => terminal.progress('clips', done, total),
  }
  if (options.benchmark) {
    const speed = await extractionSpeed(model, dataset, common)
    terminal.emit({ type: 'extraction-speed', device: model.device, ...speed })
    terminal.print(speedTable(speed, model))
    return
  }
  const features = await extract(model, dataset, {
    ...common,
    ...{ per, out, clipFiles: c3dFiles, cache },
    onUnreadable: (unreadable) => {
      for (const { path: name, reason } of unreadable) terminal.note(`left out clips of ${name}: ${reason}`)
    },
  })
  tellFeatures(features, [out, c3dFiles], session)
}

/** Labels are kept where there are some. */
async function openVideos(
  source: string,
  options: ExtractCommandOptions,
  session: Session,
): Promise<VideoDataset> {
  const settings = { ...sourceSettings(options), ...progressOf(session) }
  const dataset = await VideoDataset.inspect(source, settings)
  tellDataset(dataset, session)
  return dataset
}

function tellFeatures(features: FeatureSet, written: (string | undefined)[], { terminal }: Session): void {
  const { rows, dimensions, layer } = features
  const files = written.filter((place) => place !== undefined)
  terminal.emit({ type: 'features', layer, rows: rows.length, dimensions, files })
  terminal.print(
    `${layer}: ${plural(rows.length, 'row')} of ${plural(dimensions, 'value')}: ${files.join(', ')}`,
  )
}

function speedTable(
  { videos, clips, frames, withDecoding, fromMemory }: ExtractionSpeed,
  model: C3D,
): string {
  const row = (name: string, { seconds, framesPerSecond, clipsPerSecond }: Pace) => [
    name,
    seconds.toFixed(2),
    framesPerSecond.toFixed(1),
    clipsPerSecond.toFixed(1),
  ]
  return [
    `${model.architecture.name} on ${model.device}: ${plural(videos, 'video')}, ${plural(frames, 'frame')}, ${plural(clips, 'clip')}`,
    table([
      ['', 'seconds', 'frames/s', 'clips/s'],
      row('with decoding', withDecoding),
      row('from memory', fromMemory),
    ]),
  ].join('\n')
}
