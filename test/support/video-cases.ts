import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { range } from './frames'
import { discardFirstFrames } from './mp4'
import { numberedPicture } from './numbered-pictures'
import { type VideoOptions, writeVideo } from './videos'

const SIZE = { width: 64, height: 48 }

/** A generated video file. */
export interface VideoCase extends Omit<VideoOptions, 'width' | 'height'> {
  /** Of the file's name. */
  ending: string
  /** Frames written. */
  frames: number
  size?: typeof SIZE
  times?: (frame: number) => number
  /** Number of the picture that a frame shows; default: its own. */
  drawn?: (frame: number) => number
  /** Changes the file's bytes. */
  edit?: (bytes: Buffer) => Buffer
  /** Numbers of the frames that decode; default: all. 'any': the encoder does not write every picture. */
  numbers?: number[] | 'any'
}

const h264 = (params: string) => ({
  encoder: 'libx264',
  encoderSettings: { crf: '28', 'x264-params': params },
})
const B_FRAMES = 'keyint=12:min-keyint=12:bframes=3:b-adapt=0:scenecut=0'
const ONE_KEY_FRAME = 'keyint=infinite:bframes=3:b-adapt=0:scenecut=0'

/** Files as they come from the world, by what is special about them. */
export const videoCases: Record<string, VideoCase> = {
  'H.264 with B-frames, one key frame in 164': { ending: 'mp4', frames: 164, ...h264(ONE_KEY_FRAME) },
  'H.264 with B-frames, key frames': { ending: 'mp4', frames: 60, ...h264(B_FRAMES) },
  'H.264 with open GOPs': { ending: 'mp4', frames: 90, ...h264(`${B_FRAMES}:open-gop=1`) },
  'H.264 with periodic intra refresh': {
    ending: 'mp4',
    frames: 60,
    ...h264('intra-refresh=1:keyint=15:bframes=0'),
  },
  'H.264 in .mkv, open GOPs': {
    ending: 'mkv',
    container: 'matroska',
    frames: 60,
    ...h264(`${B_FRAMES}:open-gop=1`),
  },
  'H.264 in .avi': { ending: 'avi', container: 'avi', frames: 50, ...h264('keyint=10:bframes=0') },
  'H.264 in .ts': { ending: 'ts', container: 'mpegts', frames: 60, ...h264(B_FRAMES) },
  HEVC: {
    ending: 'mp4',
    frames: 60,
    encoder: 'libx265',
    encoderSettings: {
      crf: '28',
      'x265-params': 'keyint=12:min-keyint=12:open-gop=1:log-level=none:pools=none',
    },
  },
  AV1: {
    ending: 'webm',
    container: 'webm',
    frames: 40,
    encoder: 'libaom-av1',
    encoderSettings: { 'cpu-used': '8', crf: '35', g: '15', 'lag-in-frames': '10' },
  },
  'MPEG-4 in .avi with B-frames, one key frame in 164': {
    ending: 'avi',
    container: 'avi',
    frames: 164,
    encoder: 'mpeg4',
    encoderSettings: { g: '300', bf: '2', b: '400k' },
  },
  'MPEG-4 in .avi with B-frames, key frames': {
    ending: 'avi',
    container: 'avi',
    frames: 60,
    encoder: 'mpeg4',
    encoderSettings: { g: '12', bf: '2', b: '400k' },
  },
  'MPEG-4 in .avi with B-frames, still for a while': {
    ending: 'avi',
    container: 'avi',
    frames: 60,
    encoder: 'mpeg4',
    encoderSettings: { g: '12', bf: '2', b: '400k' },
    drawn: (i) => (i > 10 && i < 40 ? 10 : i),
  },
  'Xvid in .avi, B-frames in a packed bitstream': {
    ending: 'avi',
    container: 'avi',
    frames: 60,
    encoder: 'libxvid',
    encoderSettings: { g: '20', bf: '2', b: '400k' },
    numbers: 'any', // it gives up its last delayed pictures
  },
  'a header that counts one frame too many': {
    ending: 'avi',
    container: 'avi',
    frames: 40,
    encoder: 'mpeg4',
    encoderSettings: { g: '12', b: '400k' },
    edit: countOneTooMany,
  },
  VP8: {
    ending: 'webm',
    container: 'webm',
    frames: 60,
    encoder: 'libvpx',
    encoderSettings: { g: '15', b: '400k', 'auto-alt-ref': '1', 'lag-in-frames': '10', deadline: 'realtime' },
  },
  VP9: {
    ending: 'webm',
    container: 'webm',
    frames: 60,
    encoder: 'libvpx-vp9',
    encoderSettings: { g: '15', b: '400k', 'auto-alt-ref': '1', 'lag-in-frames': '10', 'cpu-used': '8' },
  },
  'MPEG-1 in .mpg': {
    ending: 'mpg',
    container: 'mpeg',
    frames: 60,
    encoder: 'mpeg1video',
    encoderSettings: { g: '12', bf: '2', b: '600k' },
  },
  'MPEG-2 in .mpg': {
    ending: 'mpg',
    container: 'mpeg',
    frames: 60,
    encoder: 'mpeg2video',
    encoderSettings: { g: '12', bf: '2', b: '600k' },
  },
  'MPEG-2 in .ts': {
    ending: 'ts',
    container: 'mpegts',
    frames: 60,
    encoder: 'mpeg2video',
    encoderSettings: { g: '12', bf: '2', b: '600k' },
  },
  MJPEG: {
    ending: 'avi',
    container: 'avi',
    frames: 30,
    encoder: 'mjpeg',
    pixelFormat: 'yuvj420p',
    fullRange: true,
    encoderSettings: { b: '2M' },
  },
  GIF: {
    ending: 'gif',
    container: 'gif',
    frames: 30,
    encoder: 'gif',
    pixelFormat: 'rgb8',
    ticksPerSecond: 100,
    times: (i) => 4 * i,
  },
  'variable frame rate in .mp4': {
    ending: 'mp4',
    frames: 60,
    ticksPerSecond: 1000,
    times: unevenTime,
    ...h264(B_FRAMES),
  },
  'variable frame rate in .mkv': {
    ending: 'mkv',
    container: 'matroska',
    frames: 60,
    ticksPerSecond: 1000,
    times: unevenTime,
    ...h264(`${B_FRAMES}:open-gop=1`),
  },
  'a start at five seconds in .mp4': {
    ending: 'mp4',
    frames: 60,
    ticksPerSecond: 25,
    times: (i) => 125 + i,
    ...h264(B_FRAMES),
  },
  'a start at five seconds in .mkv': {
    ending: 'mkv',
    container: 'matroska',
    frames: 60,
    ticksPerSecond: 25,
    times: (i) => 125 + i,
    ...h264(B_FRAMES),
  },
  'a first key frame that is cut off, H.264': {
    ending: 'ts',
    container: 'mpegts',
    frames: 60,
    ...h264('keyint=12:min-keyint=12:bframes=0:scenecut=0'),
    edit: afterFirstPictures,
    numbers: range(48, 12),
  },
  'a first key frame that is cut off, MPEG-2': {
    ending: 'ts',
    container: 'mpegts',
    frames: 60,
    encoder: 'mpeg2video',
    encoderSettings: { g: '12', b: '600k' },
    edit: afterFirstPictures,
    numbers: range(48, 12),
  },
  'an edit list that discards the first key frame': {
    ending: 'mp4',
    frames: 60,
    ...h264(B_FRAMES),
    edit: (bytes) => discardFirstFrames(bytes, 5),
    numbers: range(55, 5),
  },
  'an edit list that discards a whole group of pictures': {
    ending: 'mp4',
    frames: 60,
    ...h264(B_FRAMES),
    edit: (bytes) => discardFirstFrames(bytes, 15),
    numbers: range(45, 15),
  },
}

/** Ticks of a thousandth of a second: 20 to 60 ms from frame to frame. */
function unevenTime(frame: number): number {
  return 40 * frame + ((frame * 7) % 20)
}

/** Both places where an .avi tells its length. */
function countOneTooMany(bytes: Buffer): Buffer {
  for (const [chunk, offset] of [
    ['avih', 16],
    ['strh', 32],
  ] as const) {
    const at = bytes.indexOf(chunk, 0, 'latin1') + 8 + offset
    bytes.writeUInt32LE(bytes.readUInt32LE(at) + 1, at)
  }
  return bytes
}

/** Starts a transport stream behind the packets of its first pictures. */
function afterFirstPictures(bytes: Buffer): Buffer {
  const packet = 188
  const starts: number[] = []
  for (let at = 0; at < bytes.length; at += packet) {
    const pid = bytes.readUInt16BE(at + 1) & 0x1fff
    const beginsPicture = (bytes.readUInt8(at + 1) & 0x40) !== 0
    if (pid === 0x100 && beginsPicture) starts.push(at)
  }
  return bytes.subarray(starts[5])
}

/** Writes numbered pictures to a file in `folder`; returns its path. */
export function writeVideoCase(folder: string, name: string, made: VideoCase): string {
  const file = path.join(folder, `${name.replaceAll(/\W+/g, '-')}.${made.ending}`)
  const {
    ending: _e,
    frames: count,
    size = SIZE,
    times,
    drawn = (i) => i,
    edit,
    numbers: _n,
    ...options
  } = made
  const pictures = range(count).map((i) => numberedPicture(drawn(i), size))
  writeVideo(file, { ...size, ...options }, pictures, times && range(count).map(times))
  if (edit) writeFileSync(file, edit(readFileSync(file)))
  return file
}
