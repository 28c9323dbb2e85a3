import { toCsv } from '../files/csv'
import type { StudyResult } from './events'
import { differenceOf, percent, percentOf } from './numbers'

const NONE = '–'

/** One row a network, the first one of headings. */
export function summaryTable({ nets, match }: StudyResult): string[][] {
  const pairs = nets[0]?.pairs.map(({ classes }) => classes.join('/')) ?? []
  const hasPaper = nets.some(({ paper }) => paper !== null)
  return [
    [
      'network',
      'parameters',
      'GMAC',
      ...(match ? [`${match.match} against ${match.net}`] : []),
      'clips',
      'videos',
      ...pairs,
      'seconds',
      ...(hasPaper ? ['paper'] : []),
    ],
    ...nets.map((net) => [
      net.diverged > 0 ? `${net.name} (${net.diverged} of ${net.trainings} diverged)` : net.name,
      net.parameters.toLocaleString('en'),
      (net.macs / 1e9).toPrecision(4),
      ...(match ? [differenceOf(net[match.match], match.target)] : []),
      net.clipTop1 ? percentOf(net.clipTop1) : NONE,
      net.videoTop1 ? percentOf(net.videoTop1) : NONE,
      ...net.pairs.map(({ accuracy }) => (accuracy ? percentOf(accuracy) : NONE)),
      net.seconds ? net.seconds.mean.toFixed(1) : NONE,
      ...(hasPaper ? [net.paper === null ? NONE : percent(net.paper)] : []),
    ]),
  ]
}

/** Clip accuracy after each epoch: one row a network, one column an epoch. */
export function curveTable({ nets }: StudyResult): string[][] {
  const epochs = Math.max(0, ...nets.map(({ curve }) => curve.length))
  return [
    ['network', ...Array.from({ length: epochs }, (_, i) => String(i + 1))],
    ...nets.map(({ name, curve }) => [
      name,
      ...Array.from({ length: epochs }, (_, i) => {
        const point = curve.find(({ epoch }) => epoch === i + 1)
        return point ? percent(point.mean) : NONE
      }),
    ]),
  ]
}

/** What the columns of the tables are, a line each. */
export function tableNotes({ nets, seeds, match, outcomes }: StudyResult): string[] {
  const wanted = nets.length * seeds
  const pairs = nets.some((net) => net.pairs.length > 0)
  return [
    ...(outcomes.length < wanted ? [`Not complete: ${outcomes.length} of ${wanted} trainings.`] : []),
    `GMAC: multiply-accumulates of one clip, in thousand millions. clips, videos: part of the validation's clips and videos that were told rightly after the last epoch, mean${seeds > 1 ? ` ± standard deviation over ${seeds} seeds` : ''}.`,
    ...(pairs
      ? [
          'Pairs of classes: of their videos that were answered with one of the two, the part that was right; 50% is chance.',
        ]
      : []),
    'seconds: of the training alone, mean.',
    ...(match
      ? [`Filters and units are scaled to the ${match.match} of ${match.net}, as near as whole ones come.`]
      : []),
    ...(nets.some(({ paper }) => paper !== null)
      ? [
          `paper: its clip accuracy on UCF101's test split 1 after 16 epochs, read off Fig. 2 (±0.3%)${match ? '; its networks were not matched' : ''}.`,
        ]
      : []),
  ]
}

/** One row an epoch of a training. */
export function outcomesCsv({ nets, outcomes }: StudyResult): string {
  const header =
    'net,parameters,macs,seed,reason,epoch,loss,accuracy,validationLoss,clipTop1,videoTop1,seconds'
  return toCsv([
    header.split(','),
    ...outcomes.flatMap(({ net, seed, reason, epochs }) => {
      const { parameters = '', macs = '' } = nets.find(({ name }) => name === net) ?? {}
      return epochs.map(({ epoch, loss, accuracy, seconds, validation }) => [
        ...[net, parameters, macs, seed, reason, epoch, loss, accuracy],
        ...[validation?.loss ?? '', validation?.clipTop1 ?? '', validation?.videoTop1 ?? '', seconds],
      ])
    }),
  ])
}

/** Rows as a Markdown table; the first is of headings, the first column to the left. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  const [headings = [], ...others] = rows
  const alignment = headings.map((_, i) => (i === 0 ? '---' : '---:'))
  return [headings, alignment, ...others].map(line).join('')
}
