import type { DatasetReport, Duplicates } from '../../dataset/report'
import { plural, table } from '../text'

/** What `c3d data check` tells people about a data set. */
export function reportText(name: string, report: DatasetReport): string {
  const { videos, files, frames, classes, problems, warnings, duplicates } = report
  return [
    `${name}: ${plural(videos, 'video')} of ${plural(classes.length, 'class')} in ${plural(files, 'file')}, ${plural(frames, 'frame')}`,
    '',
    ...(classes.length > 0 ? [classTable(report), ''] : []),
    ...(videos > 0 ? [factTable(report), ''] : []),
    ...section('broken, left out', problems.map(told)),
    ...section('warnings', warnings.map(told)),
    ...section('suspected duplicates', duplicates.map(duplicateText)),
  ].join('\n')
}

/** What it tells about what two parts share. */
export function overlapText(overlaps: readonly string[]): string {
  return section('shared by both parts', overlaps).join('\n')
}

function classTable({ classes, unlabelled }: DatasetReport): string {
  return table([
    ['class', 'videos', 'frames'],
    ...classes.map(({ label, videos, frames }) => [label, String(videos), String(frames)]),
    ...(unlabelled > 0 ? [['(none)', String(unlabelled), '']] : []),
  ])
}

function factTable(report: DatasetReport): string {
  const { imbalance, lengths, shorterThanClip, sizes, frameRates, codecs, notCompared } = report
  const facts: [string, string][] = []
  if (imbalance !== null)
    facts.push(['imbalance', `${imbalance.toFixed(1)} (videos of the largest class for one of the smallest)`])
  if (lengths) {
    facts.push(['length', `${lengths.shortest} to ${lengths.longest} frames, median ${lengths.median}`])
    facts.push([`under ${shorterThanClip.frames} frames`, plural(shorterThanClip.videos, 'video')])
  }
  facts.push(['size', tallyText(sizes, ({ width, height }) => `${width}x${height}`)])
  facts.push([
    'frame rate',
    tallyText(frameRates, ({ framesPerSecond }) => String(framesPerSecond ?? 'unknown')),
  ])
  facts.push(['codec', tallyText(codecs, ({ codec }) => codec)])
  if (notCompared > 0)
    facts.push(['not compared', `${plural(notCompared, 'video')}, for want of a fingerprint of the pictures`])
  const width = Math.max(...facts.map(([name]) => name.length))
  return facts
    .filter(([, fact]) => fact !== '')
    .map(([name, fact]) => `${name.padEnd(width)}  ${fact}`)
    .join('\n')
}

const MOST_VALUES = 6

/** '320x240 (139), 640x480 (3)' */
function tallyText<T extends { videos: number }>(values: readonly T[], textOf: (value: T) => string): string {
  const shown = values.slice(0, MOST_VALUES).map((value) => `${textOf(value)} (${value.videos})`)
  const more = values.length - shown.length
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ')
}

function section(title: string, lines: readonly string[]): string[] {
  return [`${title}: ${lines.length === 0 ? 'none' : lines.length}`, ...lines.map((line) => `  ${line}`)]
}

function told({ path, reason }: { path: string; reason: string }): string {
  return `${path}: ${reason}`
}

function duplicateText({ labelsDiffer, videos }: Duplicates): string {
  const names = videos.map(({ path, label }) => `${path} (${label || 'no class'})`)
  return `${labelsDiffer ? 'with different labels: ' : ''}${names.join(', ')}`
}
