import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { countFrames, readPictures } from '../support/frames'
import { pythonEnvironment } from '../support/python'
import { sampleVideos } from '../support/sample-videos'
import { temporaryFolder } from '../support/temporary'
import { videoCases, writeVideoCase } from '../support/video-cases'
import { describeWithVideos, missingEncoder } from '../support/videos'

/** Why PyAV and OpenCV cannot be asked; undefined when they can. */
function problemOfPython(): string | undefined {
  const child = python(['-c', 'import av, cv2'])
  if (child.status === 0) return undefined
  const reason = child.error?.message ?? child.stderr.trim().split('\n').at(-1)
  return `python3 cannot import av and cv2 (pip install av opencv-python-headless): ${reason}`
}

function python(args: string[], input?: string) {
  const env = { ...process.env, ...pythonEnvironment().variables, OPENCV_LOG_LEVEL: 'SILENT' }
  return spawnSync('python3', args, { env, encoding: 'utf8', ...(input === undefined ? {} : { input }) })
}

/** How many frames decode. */
interface Answer {
  frames: number
  av: { frames: number }
  cv2: { frames: number }
}

/** The largest difference in grey levels. */
function largestDifference(a: Buffer, b: Buffer): number {
  expect(a.length).toBe(b.length)
  if (a.equals(b)) return 0
  let largest = 0
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs((a[i] ?? 0) - (b[i] ?? 0)))
  return largest
}

/** FFmpeg's versions and instruction sets round YUV to RGB differently. */
const TOLERANCE = 2
const TARGET = { width: 171, height: 128 }

const problem = problemOfPython()

describeWithVideos('PyAV and OpenCV see the same', () => {
  if (problem !== undefined) {
    test.skip(`(skipped: ${problem})`, () => {})
    return
  }
  const folder = temporaryFolder()
  const generated = Object.entries(videoCases).filter(([, made]) => missingEncoder(made) === undefined)
  const samples = sampleVideos()
  const clips = samples.files.filter(([, file]) => path.extname(file) !== '')
  if (samples.problem) test.skip(`real clips (skipped: ${samples.problem})`, () => {})

  const files = new Map<string, string>(clips)
  const answers = new Map<string, Answer>()

  const outOf = (name: string) => path.join(folder, `${name.replaceAll(/\W+/g, '-')}.out`)

  async function prepare(name: string, file: string) {
    const out = outOf(name)
    const video = await countFrames(file)
    const { frames, width, height } = video.info
    const places = [...new Set([0, 1, Math.floor(frames / 2), frames - 1])]
    mkdirSync(out)
    writeFileSync(path.join(out, 'own.raw'), Buffer.concat(await readPictures(video, places)))
    writeFileSync(path.join(out, 'small.raw'), Buffer.concat(await readPictures(video, places, TARGET)))
    video.set.close()
    const request = { file, places, out, size: [width, height], target: [TARGET.width, TARGET.height] }
    return { name, frames, request }
  }

  // One process for all of them: importing the libraries takes longer than decoding a small file.
  beforeAll(async () => {
    for (const [name, made] of generated) files.set(name, writeVideoCase(folder, name, made))
    const prepared = []
    for (const [name, file] of files) prepared.push(await prepare(name, file))
    const script = path.join(__dirname, '../support/decode.py')
    const child = python([script], JSON.stringify(prepared.map(({ request }) => request)))
    if (child.status !== 0) throw new Error(child.stderr)
    const counts = JSON.parse(child.stdout) as Pick<Answer, 'av' | 'cv2'>[]
    prepared.forEach(({ name, frames }, i) => {
      const count = counts[i] as Pick<Answer, 'av' | 'cv2'>
      answers.set(name, { frames, ...count })
    })
  }, 600_000)

  test.each([...generated, ...clips].map(([name]) => name))('%s', (name) => {
    const { frames, av, cv2 } = answers.get(name) as Answer
    const raw = (file: string) => readFileSync(path.join(outOf(name), `${file}.raw`))
    expect(av.frames).toBe(frames)
    expect(largestDifference(raw('own'), raw('av'))).toBeLessThanOrEqual(TOLERANCE)
    // OpenCV's own FFmpeg has fewer decoders.
    if (cv2.frames > 0) {
      expect(cv2.frames).toBe(frames)
      expect(largestDifference(raw('own'), raw('cv2'))).toBeLessThanOrEqual(TOLERANCE)
    }
    expect(largestDifference(raw('small'), raw('resized'))).toBe(0)
  })
})
