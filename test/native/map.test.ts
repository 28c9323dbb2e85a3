import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { Script } from 'node:vm'
import { decode } from 'jpeg-js'
import { FeatureSet, type MapPoint, mapFeatures, saveFeatures, saveMap } from '../../lib'
import { runCommandLine } from '../../lib/cli/program'
import { makeFrameFolders, randomNumbers } from '../support/frame-folders'
import { temporaryFolder } from '../support/temporary'

const folder = temporaryFolder()
const DIMENSIONS = 60

/** Three clouds, one a class, far from each other in 60 dimensions. */
function clouds(rows: number): FeatureSet {
  const random = randomNumbers(3)
  const labels = Array.from({ length: rows }, (_, row) => 'abc'[row % 3] ?? '')
  const data = Float32Array.from({ length: rows * DIMENSIONS }, (_, i) => {
    const label = Math.floor(i / DIMENSIONS) % 3
    return (i % 3 === label ? 2 : 0) + random()
  })
  return new FeatureSet({
    data,
    rows: labels.map((label, group) => ({ path: `${label}/${group}.mp4`, label, group })),
    classes: ['a', 'b', 'c'],
    layer: 'fc6',
  })
}

const distance = (a: MapPoint, b: MapPoint) => Math.hypot(a.x - b.x, a.y - b.y)

describe('mapFeatures', () => {
  const features = clouds(60)

  test('puts like with like', async () => {
    const { points, layer, classes } = await mapFeatures(features, { neighbors: 8, passes: 100 })
    expect([layer, classes]).toEqual(['fc6', ['a', 'b', 'c']])
    expect(points.map(({ path, label, group }) => ({ path, label, group }))).toEqual(features.rows)
    for (const point of points) {
      const others = points.filter((other) => other !== point)
      const nearest = others.reduce((a, b) => (distance(point, b) < distance(point, a) ? b : a))
      expect(nearest.label).toBe(point.label)
    }
  })

  test('draws the same for the same seed, and another for another', async () => {
    const first = await mapFeatures(features, { seed: 3, passes: 5 })
    expect(await mapFeatures(features, { seed: 3, passes: 5 })).toEqual(first)
    expect(await mapFeatures(features, { seed: 4, passes: 5 })).not.toEqual(first)
  })

  test('takes fewer rows than neighbours, and features of few values', async () => {
    const { data, rows, classes } = clouds(4)
    const narrow = new FeatureSet({ data: data.slice(0, 8), rows, classes, layer: 'x' })
    const { points } = await mapFeatures(narrow, { passes: 20 })
    expect(points.every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))).toBe(true)
  })

  test('refuses what cannot be mapped', async () => {
    await expect(mapFeatures(clouds(3))).rejects.toMatchObject({
      code: 'C3D_INVALID_ARGUMENT',
      message: 'Expected 4 or more rows for a map, got 3.',
    })
    const broken = clouds(9)
    broken.data[4 * DIMENSIONS + 7] = Number.NaN
    await expect(mapFeatures(broken)).rejects.toThrow("those of 'b/4.mp4' are not")
    await expect(mapFeatures(features, { neighbors: 1 })).rejects.toMatchObject({
      code: 'C3D_INVALID_CONFIG',
    })
  })

  test('is stopped by its signal between two passes', async () => {
    const controller = new AbortController()
    const told: number[] = []
    const work = mapFeatures(features, {
      signal: controller.signal,
      onProgress: ({ done }) => {
        told.push(done)
        controller.abort()
      },
    })
    await expect(work).rejects.toMatchObject({ code: 'C3D_ABORTED' })
    expect(told).toHaveLength(1)
  })
})

describe('saveMap', () => {
  const size = { classes: 2, videos: 3, frames: 5, width: 56, height: 28 }
  const { folder: videos, pixels } = makeFrameFolders(path.join(folder, 'data'), size)
  const evil = '</script><b onclick="x">&'

  async function map() {
    const paths = [0, 1, 2, 3, 4, 5].map((i) => path.join(videos, i < 3 ? 'a' : 'b', String(i % 3)))
    const rows = paths.map((file, group) => ({ path: file, label: group < 3 ? 'a' : evil, group }))
    const { data } = clouds(8)
    const missing = { path: path.join(videos, 'b', 'gone'), label: '', group: 6 }
    const part = { path: paths[1] ?? '', label: 'a', group: 7, start: 2, end: 3 }
    return mapFeatures(
      new FeatureSet({ data, rows: [...rows, missing, part], classes: ['a', evil], layer: 'fc6' }),
      { passes: 10 },
    )
  }

  test('a picture: a marker for each point, and a legend', async () => {
    const file = path.join(folder, 'map.svg')
    await saveMap(file, await map())
    const svg = readFileSync(file, 'utf8')
    expect(svg.match(/data-point="/g)).toHaveLength(8)
    expect([...svg.matchAll(/data-legend="(-?\d)"/g)].map(([, group]) => group)).toEqual(['0', '1', '-1'])
    expect(svg.match(/data-group="1" data-point/g)).toHaveLength(3)
    expect(svg).toContain('<title>a: 1, frames 2 to 2</title>')
    expect(svg).not.toContain('<b')
    for (const [, x, y] of svg.matchAll(/translate\(([-\d.]+) ([-\d.]+)\)" [^>]+data-point/g)) {
      expect(Number(x)).toBeGreaterThanOrEqual(32)
      expect(Number(x)).toBeLessThanOrEqual(560)
      expect(Number(y)).toBeGreaterThanOrEqual(52)
      expect(Number(y)).toBeLessThanOrEqual(580)
    }
  })

  test('a page by itself, with the middle frame of each video', async () => {
    const file = path.join(folder, 'map.html')
    const unreadable: string[] = []
    const progress: number[] = []
    await saveMap(file, await map(), {
      onUnreadable: (videos) => unreadable.push(...videos.map(({ path }) => path)),
      onProgress: ({ done }) => progress.push(done),
    })
    expect(unreadable).toEqual([path.join(videos, 'b', 'gone')])
    expect(progress).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    const page = readFileSync(file, 'utf8')
    expect(page.match(/https?:/g)).toEqual(['http:']) // of the SVG's namespace
    expect(page.match(/<\/script>/g)).toHaveLength(2)
    expect(page).not.toContain('<b ')
    const [, json = '', script = ''] =
      /<script type="application\/json" id="points">(.*?)<\/script>\n<script>(.*)<\/script>/s.exec(page) ?? []
    expect(() => new Script(script)).not.toThrow()
    const points = JSON.parse(json) as [string, string, string][]
    expect(points[3]?.slice(0, 2)).toEqual([`${evil}: 0`, path.join(videos, 'b', '0')])
    expect(points[6]?.[2]).toBe('')
    // A thumbnail is the frame twice as large: the mean of each quarter survives JPEG.
    for (const [point, video, frame] of [
      [0, 0, 2],
      [5, 5, 2],
      [7, 1, 2],
    ] as const) {
      const jpeg = Buffer.from(points[point]?.[2].split(',')[1] ?? '', 'base64')
      const { width, height, data } = decode(jpeg, { useTArray: true })
      expect([width, height]).toEqual([112, 56])
      const shown = mean(data, 112, 4, 56, 28)
      const expected = mean(pixels[video]?.subarray(frame * 56 * 28 * 3) ?? new Uint8Array(), 56, 3, 28, 14)
      expect(Math.abs(shown - expected)).toBeLessThan(3)
    }
  })

  /** Of the red values in the upper left part. */
  function mean(
    data: Uint8Array,
    rowLength: number,
    channels: number,
    width: number,
    height: number,
  ): number {
    let sum = 0
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) sum += data[channels * (y * rowLength + x)] ?? 0
    return sum / (width * height)
  }

  test('numbers', async () => {
    const file = path.join(folder, 'map.csv')
    const { points } = await map()
    await saveMap(file, { layer: 'fc6', classes: [], points })
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    expect(lines[0]).toBe('path,label,start,end,x,y')
    expect(lines[1]).toBe(`${points[0]?.path},a,,,${points[0]?.x},${points[0]?.y}`)
    expect(lines[8]).toContain(',a,2,3,')
  })

  test('nothing of another ending', async () => {
    await expect(saveMap(path.join(folder, 'map.pdf'), await map())).rejects.toMatchObject({
      code: 'C3D_INVALID_ARGUMENT',
      message: expect.stringContaining('Expected a name that ends with .html, .svg, .png, .csv for a map'),
    })
  })
})

test('c3d map', async () => {
  const features = path.join(folder, 'features.npz')
  await saveFeatures(features, clouds(12))
  const [svg, csv] = [path.join(folder, 'cli.svg'), path.join(folder, 'cli.csv')]
  const run = async (...args: string[]) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const status = await runCommandLine(['map', features, ...args], { stdout, stderr })
    return { status, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') }
  }
  const options = '--seed 2 --neighbors 4 --passes 7 --json'.split(' ')
  const { status, stdout } = await run('--out', svg, '--out', csv, ...options)
  expect(status).toBe(0)
  const { type, points, files } = JSON.parse(stdout)
  expect([type, files]).toEqual(['map', [svg, csv]])
  expect(points).toEqual((await mapFeatures(clouds(12), { seed: 2, neighbors: 4, passes: 7 })).points)
  expect(existsSync(svg) && existsSync(csv)).toBe(true)
  const wrong = await run('--out', 'map.pdf')
  expect(wrong.status).toBe(2)
  expect(wrong.stderr).toContain("got 'map.pdf'")
})
