import { escapeXml } from './escape-xml'
import { colour, markerShape } from './palette'

export interface ScatterPoint {
  x: number
  y: number
  /** Place in `groups`; -1: none of them, drawn in grey. */
  group: number
  /** What a browser tells under the mouse. */
  title: string
}

export interface ScatterChart {
  title: string
  /** At least one. */
  points: readonly ScatterPoint[]
  groups: readonly string[]
  /** Of points of no group, where there are some. */
  otherLabel: string
}

/** Pixels. */
const PLOT = { left: 16, top: 36, size: 560, padding: 16 }
const LEGEND = { left: PLOT.left + PLOT.size + 20, row: 18, column: 180 }
const OTHER = '#999999'

/**
 * Points in a square whose sides have no scale, since only nearness means something, with a legend. Each marker has its
 * number as `data-point` and its group as `data-group`, and so have the legend's entries.
 */
export function scatterChartSvg({ title, points, groups, otherLabel }: ScatterChart): string {
  const entries = [
    ...groups.map((label, group) => ({ label, group })),
    ...(points.some(({ group }) => group < 0) ? [{ label: otherLabel, group: -1 }] : []),
  ]
  const rows = Math.floor(PLOT.size / LEGEND.row)
  const columns = Math.ceil(entries.length / rows)
  const width = LEGEND.left + columns * LEGEND.column
  const height = PLOT.top + PLOT.size + 16
  const place = fitted(points)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    `<text x="${PLOT.left}" y="${PLOT.top - 14}" font-size="14" font-weight="bold">${escapeXml(title)}</text>`,
    `<rect x="${PLOT.left}" y="${PLOT.top}" width="${PLOT.size}" height="${PLOT.size}" fill="none" stroke="#ccc"/>`,
    ...points.map((point, i) =>
      marker(point.group, place(point), ` data-point="${i}"`, `<title>${escapeXml(point.title)}</title>`),
    ),
    ...entries.map(({ label, group }, i) => {
      const left = LEGEND.left + Math.floor(i / rows) * LEGEND.column
      const top = PLOT.top + 8 + (i % rows) * LEGEND.row
      return `<g data-legend="${group}">${marker(group, [left + 6, top])}<text x="${left + 18}" y="${top + 4}">${escapeXml(shortened(label))}</text></g>`
    }),
    '</svg>',
  ]
    .map((line) => `${line}\n`)
    .join('')
}

type Place = readonly [number, number]

function marker(group: number, [x, y]: Place, attributes = '', content = ''): string {
  const [shape, fill] = group < 0 ? [markerShape(0), OTHER] : [markerShape(group), colour(group)]
  return `<path d="${shape}" transform="translate(${x} ${y})" fill="${fill}" fill-opacity="0.8" stroke="white" stroke-width="0.5" data-group="${group}"${attributes}>${content}</path>`
}

/** From the points' coordinates to the square, one scale for both. */
function fitted(points: readonly ScatterPoint[]): (point: ScatterPoint) => Place {
  const [xs, ys] = [rangeOf(points.map(({ x }) => x)), rangeOf(points.map(({ y }) => y))]
  const inner = PLOT.size - 2 * PLOT.padding
  const scale = inner / (Math.max(xs.size, ys.size) || 1)
  const middle = PLOT.size / 2
  return ({ x, y }) => [
    round(PLOT.left + middle + (x - xs.middle) * scale),
    round(PLOT.top + middle - (y - ys.middle) * scale),
  ]
}

function rangeOf(values: readonly number[]): { middle: number; size: number } {
  const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const most = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  return { middle: (least + most) / 2, size: most - least }
}

const LONGEST_LABEL = 24

function shortened(label: string): string {
  return label.length > LONGEST_LABEL ? `${label.slice(0, LONGEST_LABEL - 1)}…` : label
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
