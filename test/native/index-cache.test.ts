import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { type OpenOptions, VideoDataset } from '../../lib'
import { addon } from '../../lib/native/addon'
import { seeClips } from '../support/marked-videos'
import { temporaryFolder } from '../support/temporary'
import { describeWithVideos, plainVideo } from '../support/videos'

/**
 * Whether an entry was used shows by replacing a video with garbage of the same size and time: only an entry can give
 * the number of its frames then.
 */
describeWithVideos('kept frame counts', () => {
  const folder = temporaryFolder()
  let number = 0
  let caches: string
  let source: string
  const UNREADABLE = -1
  const index = () => path.join(caches, 'index')

  const before = process.env.TORCH_C3D_CACHE
  beforeEach(() => {
    caches = path.join(folder, `cache-${++number}`)
    source = path.join(folder, `videos-${number}`)
    process.env.TORCH_C3D_CACHE = caches
  })
  afterEach(() => {
    process.env.TORCH_C3D_CACHE = before
  })

  function makeVideo(name: string, frames: number): string {
    const file = path.join(source, 'a', name)
    mkdirSync(path.dirname(file), { recursive: true })
    const writer = addon().createVideo(file, { ...plainVideo, width: 32, height: 32, framesPerSecond: 25 })
    for (let i = 0; i < frames; i++) writer.write(new Uint8Array(32 * 32 * 3).fill(10 * i))
    writer.finish()
    return file
  }

  /** Changes a file's contents and leaves size and time as they were, if the time is a round one. */
  function replaceByGarbage(file: string): void {
    const { size, atime, mtime } = statSync(file)
    writeFileSync(file, Buffer.alloc(size, 'garbage'))
    utimesSync(file, atime, mtime)
  }
  function roundTime(file: string): void {
    const time = new Date('2024-05-06T07:08:09Z')
    utimesSync(file, time, time)
  }

  async function framesOf(options: OpenOptions = {}): Promise<Record<string, number>> {
    using data = await VideoDataset.inspect(source, options)
    const unreadable = data.problems.filter((problem) => problem.path.endsWith('.mp4'))
    return Object.fromEntries([
      ...data.videos.map((video) => [path.basename(video.path), video.frames]),
      ...unreadable.map((problem) => [path.basename(problem.path), UNREADABLE]),
    ])
  }
  const entries = () => readdirSync(index()).map((name) => path.join(index(), name))

  test('a second opening decodes nothing', async () => {
    const files = [makeVideo('one.mp4', 7), makeVideo('two.mp4', 9)]
    files.forEach(roundTime)
    expect(await framesOf()).toEqual({ 'one.mp4': 7, 'two.mp4': 9 })
    expect(entries()).toHaveLength(2)
    files.forEach(replaceByGarbage)
    expect(await framesOf()).toEqual({ 'one.mp4': 7, 'two.mp4': 9 })
  })

  test('what was kept reads the same clips', async () => {
    makeVideo('video.mp4', 20)
    const layout = {
      clip: { frames: 4, height: 16, width: 16 },
      preprocessing: { resize: { width: 16, height: 16 } },
      sampling: { mode: 'dense', clipStride: 3 },
    } as const
    using counted = await VideoDataset.open(source)
    using kept = await VideoDataset.open(source)
    expect(kept.videos).toEqual(counted.videos)
    const pixels = async (data: VideoDataset) => (await seeClips(data, layout)).map((clip) => clip.pixels)
    expect(await pixels(kept)).toEqual(await pixels(counted))
  })

  test('a file of another time or size is counted again', async () => {
    const file = makeVideo('video.mp4', 7)
    roundTime(file)
    await framesOf()
    makeVideo('video.mp4', 12)
    expect(await framesOf()).toEqual({ 'video.mp4': 12 })
    roundTime(file) // as before, but the size is another
    expect(await framesOf()).toEqual({ 'video.mp4': 12 })
    replaceByGarbage(file)
    const later = new Date('2024-05-06T07:08:10Z')
    utimesSync(file, later, later)
    expect(await framesOf()).toEqual({ 'video.mp4': UNREADABLE })
  })

  test('another file of the same name, size and time elsewhere is counted', async () => {
    const file = makeVideo('video.mp4', 7)
    roundTime(file)
    await framesOf()
    replaceByGarbage(file)
    const elsewhere = `${source}-elsewhere`
    renameSync(source, elsewhere)
    source = elsewhere
    expect(await framesOf()).toEqual({ 'video.mp4': UNREADABLE })
  })

  test('a problem is not kept: a file is tried again', async () => {
    const file = makeVideo('video.mp4', 7)
    roundTime(file)
    const whole = readFileSync(file)
    replaceByGarbage(file)
    expect(await framesOf()).toEqual({ 'video.mp4': UNREADABLE })
    writeFileSync(file, whole)
    roundTime(file)
    expect(await framesOf()).toEqual({ 'video.mp4': 7 })
  })

  test('cache: false neither reads nor writes', async () => {
    const file = makeVideo('video.mp4', 7)
    roundTime(file)
    expect(await framesOf({ cache: false })).toEqual({ 'video.mp4': 7 })
    expect(existsSync(caches)).toBe(false)
    await framesOf()
    const kept = entries().map((entry) => readFileSync(entry))
    replaceByGarbage(file)
    expect(await framesOf({ cache: false })).toEqual({ 'video.mp4': UNREADABLE })
    expect(entries().map((entry) => readFileSync(entry))).toEqual(kept)
  })

  describe('an entry that is damaged is not believed, and made again', () => {
    const cut = (length: number) => (entry: string) =>
      writeFileSync(entry, readFileSync(entry).subarray(0, length))
    const flip = (place: (size: number) => number) => (entry: string) => {
      const bytes = readFileSync(entry)
      const at = place(bytes.length)
      bytes[at] = (bytes[at] as number) ^ 1
      writeFileSync(entry, bytes)
    }
    test.each<[string, (entry: string, other: string) => void]>([
      ['empty', cut(0)],
      ['cut in its name', cut(20)],
      ['cut by a byte', cut(-1)],
      ['a bit in its name', flip(() => 3)],
      ['a bit in the middle', flip((size) => Math.floor(size * 0.7))],
      ['a bit of its check', flip((size) => size - 1)],
      ['longer', (entry) => writeFileSync(entry, Buffer.concat([readFileSync(entry), Buffer.alloc(8)]))],
      ["another file's", (entry, other) => cpSync(other, entry)],
      ['of another format', (entry) => replaceText(entry, 'c3d index ', 'c3d indes ')],
      ['of another decoder', (entry) => replaceText(entry, 'FFmpeg', 'FFmpeh')],
    ])('%s', async (_, damage) => {
      const file = makeVideo('video.mp4', 7)
      roundTime(file)
      await framesOf()
      const [entry = ''] = entries()
      const whole = readFileSync(entry)
      const [name, sources] = [path.basename(entry), source]
      source = `${source}-other`
      makeVideo('other.mp4', 11)
      await framesOf()
      const other = entries().find((candidate) => path.basename(candidate) !== name) as string
      source = sources

      damage(entry, other)
      expect(readFileSync(entry).equals(whole)).toBe(false)
      expect(await framesOf()).toEqual({ 'video.mp4': 7 })
      expect(readFileSync(entry).equals(whole)).toBe(true) // so it was counted again
    })

    function replaceText(entry: string, from: string, to: string): void {
      writeFileSync(entry, Buffer.from(readFileSync(entry, 'latin1').replace(from, to), 'latin1'))
    }
  })

  test('a folder that cannot be written to costs only time', async () => {
    makeVideo('video.mp4', 7)
    writeFileSync(caches, 'a file where the folder should be')
    expect(await framesOf()).toEqual({ 'video.mp4': 7 })
    expect(await framesOf()).toEqual({ 'video.mp4': 7 })
    expect(readFileSync(caches, 'utf8')).toBe('a file where the folder should be')
    rmSync(caches)
  })

  test('many openings at once count alike and leave whole entries', async () => {
    const wanted: Record<string, number> = {}
    for (let i = 0; i < 6; i++) {
      roundTime(makeVideo(`${i}.mp4`, 5 + i))
      wanted[`${i}.mp4`] = 5 + i
    }
    const counts = await Promise.all(Array.from({ length: 5 }, () => framesOf({ threads: 3 })))
    expect(counts).toEqual(Array(5).fill(wanted))
    expect(entries().map((entry) => path.extname(entry))).toEqual(Array(6).fill('.c3dindex'))
    for (let i = 0; i < 6; i++) replaceByGarbage(path.join(source, 'a', `${i}.mp4`))
    expect(await framesOf()).toEqual(wanted)
  })
})
