import path from 'node:path'
import type { Command } from 'commander'
import type { WindowPrediction } from '../classification'
import { toCsv } from '../files/csv'
import { replaceFile } from '../files/replace-file'
import { C3D } from '../model'
import { C3DError } from '../native/errors'
import { addCommonOptions, addDeviceOption, toNumber } from './options'
import type { CommonOptions, RunCommand } from './program'
import type { Session } from './session'
import { percent } from './text'

interface ClassifyCommandOptions extends CommonOptions {
  stride?: number
  smoothing?: number
  top?: number
  batchSize?: number
  out?: string
  device?: string
}

export function addClassifyCommand(program: Command, run: RunCommand): void {
  const command = program
    .command('classify')
    .summary('Says what is when in a long video.')
    .description('Says what is when in a long video: an answer for each window, as it is computed.')
    .argument('<model>', 'a .safetensors file')
    .argument('<video>', 'a video file or frame folder')
    .option('--stride <frames>', "from one window's start to the next one's (default: 8)", toNumber)
    .option('--smoothing <windows>', 'average each answer over so many windows, an odd number', toNumber)
    .option('--top <number>', 'classes to show', toNumber)
    .option('--batch-size <clips>', 'clips a forward pass', toNumber)
    .option('--out <file>', 'write times and all probabilities: .jsonl or .csv')
  addCommonOptions(addDeviceOption(command)).action(
    (model: string, video: string, options: ClassifyCommandOptions) =>
      run(options, (session) => classifyCommand(model, video, options, session)),
  )
}

async function classifyCommand(
  file: string,
  video: string,
  { stride, smoothing, top, batchSize, out, device }: ClassifyCommandOptions,
  session: Session,
): Promise<void> {
  const { terminal, signal } = session
  if (out === undefined) session.endWithReader()
  const writer = out === undefined ? undefined : windowWriter(out)
  using model = await C3D.load(file, { device, signal })
  const windows = model.classify(video, {
    ...{ stride, smoothing, topK: top, batchSize, signal },
    onProgress: ({ done, total }) => terminal.progress('windows', done, total),
  })
  async function* told(): AsyncGenerator<WindowPrediction> {
    for await (const window of windows) {
      terminal.emit({ type: 'window', ...window })
      if (out === undefined) terminal.print(describe(window))
      yield window
    }
  }
  if (out !== undefined && writer) await replaceFile(out, writer(told(), model.classes))
  else for await (const _ of told());
}

type Writer = (windows: AsyncIterable<WindowPrediction>, classes: readonly string[]) => AsyncGenerator<string>

/** By the file's ending; throws C3D_INVALID_ARGUMENT for one that is not known. */
function windowWriter(file: string): Writer {
  const writer = { '.jsonl': jsonLines, '.csv': csvLines }[path.extname(file).toLowerCase()]
  if (writer) return writer
  throw new C3DError(
    'C3D_INVALID_ARGUMENT',
    `Expected a name that ends with .jsonl or .csv for the windows, got '${file}'.`,
  )
}

async function* jsonLines(windows: AsyncIterable<WindowPrediction>): AsyncGenerator<string> {
  for await (const window of windows) yield `${JSON.stringify(window)}\n`
}

async function* csvLines(
  windows: AsyncIterable<WindowPrediction>,
  classes: readonly string[],
): AsyncGenerator<string> {
  yield toCsv([['start', 'end', 'startSeconds', 'endSeconds', 'answer', ...classes]])
  for await (const { start, end, startSeconds = '', endSeconds = '', top, probabilities } of windows)
    yield toCsv([[start, end, startSeconds, endSeconds, top[0]?.label ?? '', ...probabilities]])
}

function describe({ start, end, startSeconds, endSeconds, top }: WindowPrediction): string {
  const seconds =
    startSeconds === undefined || endSeconds === undefined
      ? ''
      : ` (${startSeconds.toFixed(2)} to ${endSeconds.toFixed(2)} s)`
  const answers = top.map(({ label, probability }) => `${label} ${percent(probability)}`)
  return `frames ${start} to ${end - 1}${seconds}: ${answers.join(', ')}`
}
