import { type LineChart, lineChartSvg } from '../charts/line-chart'
import type { NetSummary, StudyResult } from './events'
import { percent, percentOf } from './numbers'
import { paperCharts } from './paper-figure'

/** The paper's Fig. 2: homogeneous and varying depths; other networks in a third chart. By the charts' names. */
export function studyCharts(result: StudyResult): Map<string, string> {
  const named = (names: readonly string[]) => result.nets.filter(({ name }) => names.includes(name))
  const papers = new Set(Object.values(paperCharts).flat())
  const groups: [string, string, NetSummary[]][] = [
    ['homogeneous', 'One kernel depth in all layers', named(paperCharts.homogeneous)],
    ['varying', 'Kernel depths that vary', named(paperCharts.varying)],
    ['others', 'Other networks', result.nets.filter(({ name }) => !papers.has(name))],
  ]
  const charts = new Map<string, string>()
  for (const [name, title, nets] of groups) {
    // depth-3 is in both of the paper's charts, and alone it is no comparison.
    const isComparison = name !== 'varying' || nets.some((net) => net.name !== 'depth-3')
    const drawn = nets.filter(({ curve }) => curve.length > 0)
    if (isComparison && drawn.length > 0) charts.set(name, lineChartSvg(chart(title, drawn, result)))
  }
  return charts
}

function chart(title: string, nets: readonly NetSummary[], { seeds, match }: StudyResult): LineChart {
  const hasPaper = nets.some(({ paper }) => paper !== null)
  return {
    title,
    xLabel: 'epoch',
    yLabel: 'clip accuracy, %',
    series: nets.map(({ name, clipTop1, paper, curve }) => ({
      label: clipTop1 ? `${name}: ${percentOf(clipTop1)}` : name,
      detail: paper === null ? undefined : `paper: ${percent(paper)}`,
      points: curve.map(({ epoch, mean, deviation }) => ({
        x: epoch,
        y: 100 * mean,
        spread: deviation === null ? undefined : 100 * deviation,
      })),
    })),
    notes: [
      ...(seeds > 1 ? [`mean over ${seeds} seeds, bands of one standard deviation`] : []),
      ...(match
        ? [
            `widths scaled to the ${match.match === 'macs' ? 'multiply-accumulates' : 'parameters'} of ${match.net}`,
          ]
        : []),
      ...(hasPaper ? ['paper: UCF101, test split 1, after 16 epochs, read off Fig. 2 (±0.3%)'] : []),
    ],
  }
}
