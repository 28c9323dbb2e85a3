import { escapeXml } from './escape-xml'
import { colour } from './palette'
import { ticks } from './ticks'

export interface ChartPoint {
  x: number
  y: number
  /** Half the height of the band around the point; left out: none. */
  spread?: number | undefined
}

export interface ChartSeries {
  label: string
  /** A line in small type below the label. */
  detail?: string | undefined
  /** By growing x. */
  points: readonly ChartPoint[]
}

export interface LineChart {
  title: string
  xLabel: string
  yLabel: string
  /** At least one with a point. */
  series: readonly ChartSeries[]
  /** Small lines below the chart. */
  notes: readonly string[]
}

/** Pixels. */
const PLOT = { left: 56, top: 36, width: 400, height: 260 }
const LEGEND = { left: PLOT.left + PLOT.width + 20, width: 190, row: 36 }
const NOTE_ROW = 15

/** A line chart as a picture: lines with a marker at each point, bands around them, a legend beside them. */
export function lineChartSvg({ title, xLabel, yLabel, series, notes }: LineChart): string {
  const points = series.flatMap((line) => line.points)
  const xTicks = ticks(Math.min(...points.map(({ x }) => x)), Math.max(...points.map(({ x }) => x)), 8, 1)
  const yTicks = ticks(
    Math.min(...points.map(({ y, spread = 0 }) => y - spread)),
    Math.max(...points.map(({ y, spread = 0 }) => y + spread)),
    6,
  )
  const bottom = PLOT.top + PLOT.height
  const x = scale(xTicks, PLOT.left, PLOT.left + PLOT.width)
  const y = scale(yTicks, bottom, PLOT.top)
  const width = LEGEND.left + LEGEND.width
  const height = Math.max(bottom + 52 + NOTE_ROW * notes.length, PLOT.top + LEGEND.row * series.length)
  const middle = { x: PLOT.left + PLOT.width / 2, y: PLOT.top + PLOT.height / 2 }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    `<text x="${middle.x}" y="${PLOT.top - 14}" text-anchor="middle" font-size="14" font-weight="bold">${escapeXml(title)}</text>`,
    ...xTicks.map(
      (tick) =>
        `<path d="M${x(tick)} ${bottom}v4" stroke="black"/><text x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${tick}</text>`,
    ),
    ...yTicks.map(
      (tick) =>
        `<path d="M${PLOT.left} ${y(tick)}h${PLOT.width}" stroke="#ddd"/><text x="${PLOT.left - 6}" y="${round(y(tick) + 4)}" text-anchor="end">${tick}</text>`,
    ),
    `<path d="M${PLOT.left} ${PLOT.top}V${bottom}H${PLOT.left + PLOT.width}" fill="none" stroke="black"/>`,
    `<text x="${middle.x}" y="${bottom + 38}" text-anchor="middle">${escapeXml(xLabel)}</text>`,
    `<text transform="translate(14 ${middle.y}) rotate(-90)" text-anchor="middle">${escapeXml(yLabel)}</text>`,
    ...series.map((line, i) => band(line, x, y, colour(i))),
    ...series.map((line, i) => curve(line, x, y, colour(i))),
    ...series.map((line, i) => legendEntry(line, i)),
    ...notes.map(
      (note, i) =>
        `<text x="${PLOT.left}" y="${bottom + 58 + NOTE_ROW * i}" font-size="11" fill="#555">${escapeXml(note)}</text>`,
    ),
    '</svg>',
  ]
    .filter((line) => line !== '')
    .map((line) => `${line}\n`)
    .join('')
}

type Scale = (value: number) => number

/** From the first tick to the last onto `from` to `to`. */
function scale(marks: readonly number[], from: number, to: number): Scale {
  const [first = 0, last = 1] = [marks[0], marks.at(-1)]
  return (value) => round(from + ((value - first) / (last - first)) * (to - from))
}

function band({ points }: ChartSeries, x: Scale, y: Scale, fill: string): string {
  const spread = points.filter((point) => point.spread !== undefined)
  if (spread.length < 2) return ''
  const upper = spread.map((point) => `${x(point.x)} ${y(point.y + (point.spread ?? 0))}`)
  const lower = spread.map((point) => `${x(point.x)} ${y(point.y - (point.spread ?? 0))}`).reverse()
  return `<path d="M${[...upper, ...lower].join('L')}Z" fill="${fill}" fill-opacity="0.12"/>`
}

function curve({ label, points }: ChartSeries, x: Scale, y: Scale, stroke: string): string {
  const line = points.map((point) => `${x(point.x)} ${y(point.y)}`).join('L')
  const markers = points.map(
    (point) =>
      `<circle cx="${x(point.x)}" cy="${y(point.y)}" r="3"><title>${escapeXml(`${label}, ${point.x}: ${round(point.y)}`)}</title></circle>`,
  )
  return `<g fill="${stroke}"><path d="M${line}" fill="none" stroke="${stroke}" stroke-width="2"/>${markers.join('')}</g>`
}

function legendEntry({ label, detail }: ChartSeries, i: number): string {
  const top = PLOT.top + 6 + LEGEND.row * i
  const text = LEGEND.left + 26
  return [
    `<path d="M${LEGEND.left} ${top}h20" stroke="${colour(i)}" stroke-width="2"/>`,
    `<circle cx="${LEGEND.left + 10}" cy="${top}" r="3" fill="${colour(i)}"/>`,
    `<text x="${text}" y="${top + 4}">${escapeXml(label)}</text>`,
    ...(detail === undefined
      ? []
      : [`<text x="${text}" y="${top + 18}" font-size="11" fill="#555">${escapeXml(detail)}</text>`]),
  ].join('')
}

/** Hundredths are enough for a picture, and keep it small. */
function round(value: number): number {
  return Math.round(value * 100) / 100
}
