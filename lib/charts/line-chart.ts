export interface LineChart {
  title: string
  x: string
  y: string
  lines: { name: string; points: (readonly [number, number])[] }[]
}

/** Pixels; the type is 12 high. */
const WIDTH = 520
const HEIGHT = 360
const LEFT = 60
const RIGHT = 20
const TOP = 40
const BOTTOM = 50

/** Colour-blind safe (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9']

/** Lines with marks over linear axes, as an SVG picture. */
export function lineChartSvg({ title, x, y, lines }: LineChart): string {
  const points = lines.flatMap((line) => line.points)
  const across = axis(points.map(([value]) => value))
  const up = axis(points.map(([, value]) => value))
  const [right, bottom] = [WIDTH - RIGHT, HEIGHT - BOTTOM]
  const placeX = (value: number) => rounded(LEFT + across.part(value) * (right - LEFT))
  const placeY = (value: number) => rounded(bottom - up.part(value) * (bottom - TOP))
  const colour = (i: number) => COLOURS[i % COLOURS.length]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    `<text x="${(LEFT + right) / 2}" y="20" text-anchor="middle" font-weight="bold">${escaped(title)}</text>`,
    ...across.ticks.map(
      (tick) =>
        `<path d="M${placeX(tick)} ${TOP}V${bottom}" stroke="#ddd"/><text x="${placeX(tick)}" y="${bottom + 16}" text-anchor="middle">${tick}</text>`,
    ),
    ...up.ticks.map(
      (tick) =>
        `<path d="M${LEFT} ${placeY(tick)}H${right}" stroke="#ddd"/><text x="${LEFT - 6}" y="${placeY(tick) + 4}" text-anchor="end">${tick}</text>`,
    ),
    `<path d="M${LEFT} ${TOP}V${bottom}H${right}" fill="none" stroke="black"/>`,
    `<text x="${(LEFT + right) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escaped(x)}</text>`,
    `<text transform="translate(16 ${(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(y)}</text>`,
    ...lines.flatMap((line, i) => [
      `<polyline points="${line.points.map(([a, b]) => `${placeX(a)},${placeY(b)}`).join(' ')}" fill="none" stroke="${colour(i)}" stroke-width="2"/>`,
      ...line.points.map(
        ([a, b]) =>
          `<circle cx="${placeX(a)}" cy="${placeY(b)}" r="3.5" fill="${colour(i)}"><title>${escaped(`${line.name}: ${a}, ${b}`)}</title></circle>`,
      ),
      `<text x="${right - 8}" y="${bottom - 10 - 16 * (lines.length - 1 - i)}" text-anchor="end" fill="${colour(i)}">${escaped(line.name)}</text>`,
    ]),
    '</svg>',
  ]
    .map((line) => `${line}\n`)
    .join('')
}

/** From a round number below the values to one above them, with about five steps between. */
function axis(values: readonly number[]): { ticks: number[]; part: (value: number) => number } {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const rough = (most - least || Math.abs(most) || 1) / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough
  const first = Math.floor(least / step)
  const last = Math.max(first + 1, Math.ceil(most / step))
  const ticks = Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  )
  return { ticks, part: (value) => (value / step - first) / (last - first) }
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
