import { installWithApt } from './apt.mjs'
import { capture } from './process.mjs'
import { say } from './report.mjs'

/**
 * Versions of what was found; '' for what is missing or cannot be used.
 * @typedef {{ ffmpeg: string, jpeg: string, png: string }} MediaLibraries
 */

const FFMPEG = ['libavformat', 'libavcodec', 'libavutil', 'libswscale']
const APT = [
  'libavformat-dev',
  'libavcodec-dev',
  'libavutil-dev',
  'libswscale-dev',
  'libjpeg-dev',
  'libpng-dev',
  'pkg-config',
]

const COMMANDS = `Debian, Ubuntu: sudo apt-get install ${APT.join(' ')}
  Fedora:         sudo dnf install ffmpeg-free-devel libjpeg-turbo-devel libpng-devel pkgconf-pkg-config
  macOS:          brew install ffmpeg jpeg-turbo libpng pkg-config`

/**
 * What reads videos and frames. The addon works without: opening a video or frame folder then says what is missing.
 * @param {import('./options.mjs').Options} options
 * @returns {MediaLibraries}
 */
export function findMediaLibraries(options) {
  let found = look()
  if (missing(found).length > 0 && installWithApt(options, APT, missing(found))) found = look()
  if (missing(found).length > 0) {
    say(`${missing(found).join(' and ')} not found by pkg-config: going on without. To have them, run this and then
  \`npm install\` again:
  ${COMMANDS}`)
  }
  if (found.ffmpeg) say(`FFmpeg's libavformat ${found.ffmpeg}`)
  return found
}

/** @param {MediaLibraries} found */
function missing(found) {
  return [
    ...(found.ffmpeg ? [] : ['FFmpeg 4.4 to 8 (its development files)']),
    ...(found.jpeg ? [] : ['libjpeg']),
    ...(found.png ? [] : ['libpng']),
  ]
}

/** @returns {MediaLibraries} */
function look() {
  const [avformat = ''] = FFMPEG.map(version)
  const complete = FFMPEG.every((name) => version(name) !== '')
  return {
    ffmpeg: complete && isSupportedAvformat(avformat) ? avformat : '',
    jpeg: version('libjpeg'),
    png: version('libpng'),
  }
}

/** FFmpeg 4.4 has libavformat 58.76, FFmpeg 8 has 62. @param {string} version */
export function isSupportedAvformat(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return (major === 58 && minor >= 76) || (major > 58 && major <= 62)
}

/** @param {string} library */
function version(library) {
  const { ok, stdout } = capture('pkg-config', ['--modversion', library])
  return ok ? stdout : ''
}
