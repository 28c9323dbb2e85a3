import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { crc32 } from 'node:zlib'
import { numberedPicture, numberedPictures } from '../support/numbered-pictures'
import { encodePng } from '../support/png'
import { temporaryFolder } from '../support/temporary'
import { videoCases, writeVideoCase } from '../support/video-cases'
import { describeWithVideos, missingEncoder, writeVideo } from '../support/videos'

const thorough = process.env.TORCH_C3D_THOROUGH === '1'
const MUTATIONS = thorough ? 5000 : 270
const OPENINGS = thorough ? 10_000 : 300
const SIZE = { width: 64, height: 48 }

/** Runs test/support/read-anything.cjs; whatever it reads, it must end by itself and well. */
function readAnything<T>(...args: string[]): T {
  const script = path.join(__dirname, '../support/read-anything.cjs')
  const child = spawnSync(process.execPath, ['--expose-gc', script, ...args], {
    encoding: 'utf8',
    // glibc's arenas, one for each of many threads, grow at random.
    env: { ...process.env, MALLOC_ARENA_MAX: '1' },
    timeout: thorough ? 1_800_000 : 120_000,
  })
  expect({ signal: child.signal, status: child.status, stderr: child.stderr }).toEqual({
    signal: null,
    status: 0,
    stderr: '',
  })
  return JSON.parse(child.stdout) as T
}

/** As libjpeg reads it: one picture of a Motion JPEG stream. */
function writeJpeg(file: string, picture: Uint8Array): void {
  writeVideo(
    file,
    { ...SIZE, container: 'mjpeg', encoder: 'mjpeg', pixelFormat: 'yuvj420p', fullRange: true },
    [picture],
  )
}

function writeFrameFolders(folder: string): void {
  for (const ending of ['png', 'jpg']) mkdirSync(path.join(folder, `frames.${ending}`), { recursive: true })
  for (let i = 0; i < 4; i++) {
    const picture = numberedPicture(i, SIZE)
    writeFileSync(path.join(folder, 'frames.png', `${i}.png`), encodePng(picture, SIZE.width, SIZE.height))
    writeJpeg(path.join(folder, 'frames.jpg', `${i}.jpg`), picture)
  }
}

const CASES = [
  'H.264 with B-frames, key frames',
  'H.264 in .mkv, open GOPs',
  'H.264 in .ts',
  'HEVC',
  'MPEG-4 in .avi with B-frames, key frames',
  'Xvid in .avi, B-frames in a packed bitstream',
  'VP8',
  'VP9',
  'MPEG-2 in .mpg',
  'MJPEG',
  'GIF',
  'an edit list that discards the first key frame',
]

describeWithVideos('damaged files', () => {
  const folder = temporaryFolder()

  test(`${MUTATIONS} mutations are read or refused by name, twice the same`, () => {
    const seeds = path.join(folder, 'seeds')
    mkdirSync(seeds)
    for (const name of CASES) {
      const made = videoCases[name]
      if (made && !missingEncoder(made)) writeVideoCase(seeds, name, { ...made, frames: 26 })
    }
    if (!missingEncoder({ encoder: 'mjpeg' })) writeFrameFolders(seeds)
    const { failures, readable, growth, peak } = readAnything<{
      failures: string[]
      readable: number
      growth: number
      peak: number
    }>('mutations', seeds, String(MUTATIONS))
    expect(failures).toEqual([])
    expect(readable).toBeGreaterThan(MUTATIONS / 4)
    expect(growth).toBeLessThan(48)
    expect(peak).toBeLessThan(1500)
  }, 1_900_000)

  test(`${OPENINGS} openings and closings leave the memory as it is`, () => {
    const file = path.join(folder, 'small.mp4')
    writeVideo(file, { width: 64, height: 48 }, numberedPictures(8, SIZE))
    const { growth } = readAnything<{ growth: number }>('openings', file, String(OPENINGS))
    expect(growth).toBeLessThan(24)
  }, 1_900_000)
})

describeWithVideos('what is no video', () => {
  const folder = temporaryFolder()
  const at = (name: string) => path.join(folder, name)

  /** 8-bit mono PCM. */
  function wav(): Buffer {
    const samples = Buffer.alloc(800, 128)
    const header = Buffer.alloc(44)
    header.write('RIFF', 0)
    header.writeUInt32LE(36 + samples.length, 4)
    header.write('WAVEfmt ', 8)
    header.writeUInt32LE(16, 16)
    header.writeUInt16LE(1, 20)
    header.writeUInt16LE(1, 22)
    header.writeUInt32LE(8000, 24)
    header.writeUInt32LE(8000, 28)
    header.writeUInt16LE(1, 32)
    header.writeUInt16LE(8, 34)
    header.write('data', 36)
    header.writeUInt32LE(samples.length, 40)
    return Buffer.concat([header, samples])
  }

  /** Has a file claim another size wherever it tells its own, in the encodings that containers use. */
  function claim(bytes: Buffer, side: number): Buffer {
    const { width, height } = SIZE
    for (const [first, second] of [
      [width, height],
      [height, width],
    ] as const)
      for (const [length, write] of [
        [4, 'writeUInt32LE'],
        [4, 'writeUInt32BE'],
        [2, 'writeUInt16BE'],
      ] as const) {
        const own = Buffer.alloc(2 * length)
        own[write](first, 0)
        own[write](second, length)
        const value = Math.min(side, 2 ** (8 * length) - 1)
        for (let i = bytes.indexOf(own); i >= 0; i = bytes.indexOf(own, i + 1)) {
          bytes[write](value, i)
          bytes[write](value, i + length)
        }
      }
    return bytes
  }

  function video(name: string, options = {}): Buffer {
    writeVideo(at(name), { ...SIZE, ...options }, numberedPictures(3, SIZE))
    return readFileSync(at(name))
  }

  const avi = { container: 'avi', encoder: 'mpeg4' }
  const mjpeg = { container: 'mjpeg', encoder: 'mjpeg', pixelFormat: 'yuvj420p', fullRange: true }

  /** Makes something; which codes it may answer with ('': it is read). */
  const oddities: Record<string, { make: (file: string) => void; codes: string[]; says?: RegExp }> = {
    'empty.mp4': { make: (file) => writeFileSync(file, ''), codes: ['C3D_VIDEO_UNREADABLE'], says: /empty/ },
    'text.mp4': {
      make: (file) => writeFileSync(file, 'no video '.repeat(500)),
      codes: ['C3D_VIDEO_UNREADABLE'],
    },
    'zeros.mp4': { make: (file) => writeFileSync(file, Buffer.alloc(5000)), codes: ['C3D_VIDEO_UNREADABLE'] },
    'audio.wav': {
      make: (file) => writeFileSync(file, wav()),
      codes: ['C3D_VIDEO_UNREADABLE'],
      says: /no video stream/,
    },
    'audio.mp4': {
      make: (file) => writeFileSync(file, wav()),
      codes: ['C3D_VIDEO_UNREADABLE'],
      says: /no video stream/,
    },
    'an-avi.mp4': { make: (file) => video(path.basename(file), avi), codes: [''] },
    'an-mp4.txt': { make: (file) => video(path.basename(file)), codes: [''] },
    'ümlaut: 100%d and more.mp4': { make: (file) => video(path.basename(file)), codes: [''] },
    'immense.mp4': {
      make: (file) => writeFileSync(file, claim(video(path.basename(file)), 100_000)),
      codes: ['C3D_VIDEO_UNREADABLE', ''],
    },
    'immense.avi': {
      make: (file) => writeFileSync(file, claim(video(path.basename(file), avi), 100_000)),
      codes: ['C3D_VIDEO_UNREADABLE'],
      says: /100000x100000 pixels/,
    },
    'immense.png': {
      make: (file) => {
        mkdirSync(file)
        const picture = encodePng(numberedPicture(1, SIZE), SIZE.width, SIZE.height)
        claim(picture, 100_000).writeUInt32BE(crc32(picture.subarray(12, 29)), 29)
        writeFileSync(path.join(file, '1.png'), picture)
      },
      codes: ['C3D_VIDEO_UNREADABLE'],
      says: /100000x100000 pixels/,
    },
    'immense.jpg': {
      make: (file) => {
        mkdirSync(file)
        writeFileSync(path.join(file, '1.jpg'), claim(video('one.jpg', mjpeg), 100_000))
      },
      codes: ['C3D_VIDEO_UNREADABLE'],
      says: /65500 pixels|65535x65535/,
    },
    'immense-stream.mjpeg': {
      make: (file) => writeFileSync(file, claim(video(path.basename(file), mjpeg), 100_000)),
      codes: ['C3D_VIDEO_UNREADABLE'],
    },
    'folder.mp4': { make: (file) => mkdirSync(file), codes: ['C3D_VIDEO_UNREADABLE'], says: /holds no/ },
    'pipe.mp4': {
      make: (file) => void spawnSync('mkfifo', [file]),
      codes: ['C3D_VIDEO_UNREADABLE'],
      says: /not a regular file/,
    },
    'pipes.frames': {
      make: (file) => {
        mkdirSync(file)
        spawnSync('mkfifo', [path.join(file, '1.png')])
      },
      codes: ['C3D_VIDEO_UNREADABLE'],
    },
    'device.mp4': { make: (file) => symlinkSync('/dev/zero', file), codes: ['C3D_VIDEO_UNREADABLE'] },
    'loop.mp4': { make: (file) => symlinkSync(file, file), codes: ['C3D_FILE'] },
    'nowhere.mp4': { make: (file) => symlinkSync(at('missing'), file), codes: ['C3D_FILE_NOT_FOUND'] },
    'playlist.m3u8': {
      make: (file) => writeFileSync(file, `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${file}\n`),
      codes: ['C3D_VIDEO_UNREADABLE'],
      says: /playlist/,
    },
    'playlist.mp4': {
      make: (file) =>
        writeFileSync(file, `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${path.basename(file)}\n`),
      codes: ['C3D_VIDEO_UNREADABLE'],
      says: /playlist/,
    },
    'concat.mp4': {
      make: (file) => writeFileSync(file, `ffconcat version 1.0\nfile ${path.basename(file)}\n`),
      codes: ['C3D_VIDEO_UNREADABLE'],
      says: /playlist/,
    },
    'stream.sdp': {
      make: (file) =>
        writeFileSync(
          file,
          'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n',
        ),
      codes: ['C3D_VIDEO_UNREADABLE'],
    },
    'frame%d.jpg': {
      make: (file) => writeFileSync(file, video('other.jpg', mjpeg)),
      codes: [''],
    },
    'secret.mp4': {
      make: (file) => {
        video(path.basename(file))
        chmodSync(file, 0)
      },
      codes: process.getuid?.() === 0 ? [''] : ['C3D_VIDEO_UNREADABLE'], // root may read anything
    },
  }

  test('each is read or refused by name, soon', () => {
    const entries = Object.entries(oddities)
    for (const [name, { make }] of entries) make(at(name))
    const { results, peak } = readAnything<{
      results: { code: string; message: string; milliseconds: number }[]
      peak: number
    }>('each', ...entries.map(([name]) => at(name)))
    if (thorough) console.log(results)
    entries.forEach(([name, { codes, says }], i) => {
      const { code, message, milliseconds } = results[i] ?? { code: 'none', message: '', milliseconds: 0 }
      expect({ name, code: codes.includes(code) ? 'as expected' : `${code}: ${message}` }).toEqual({
        name,
        code: 'as expected',
      })
      if (code) expect(message).toContain(at(name))
      if (says) expect(message).toMatch(says)
      expect(milliseconds).toBeLessThan(5000)
    })
    expect(peak).toBeLessThan(1000)
  })
})
