import { spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const SCRIPT = path.join(path.dirname(fileURLToPath(import.meta.url)), 'peers.py')
const ADVICE = 'to compare with PyAV and OpenCV: pip install av opencv-python-headless'

/** PyAV and OpenCV in a Python process, where there are any. */
export class Peers {
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child
  /** @type {AsyncIterator<string> | undefined} */
  #lines
  /** @type {Record<string, string | null>} */
  versions = {}

  static async start() {
    const peers = new Peers()
    const child = spawn('python3', [SCRIPT], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, OPENCV_LOG_LEVEL: 'SILENT', OPENCV_FFMPEG_CAPTURE_OPTIONS: 'threads;1' },
    })
    const failed = new Promise((resolve) => child.once('error', resolve))
    child.stdin.on('error', () => {}) // told by the missing answer
    peers.#child = child
    peers.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const answer = await Promise.race([peers.#ask({ libraries: true }), failed.then(() => undefined)])
    peers.versions = answer ?? {}
    return peers
  }

  /** Those that are there. */
  get names() {
    return Object.keys(this.versions).filter((name) => this.versions[name] !== null)
  }

  get description() {
    const known = this.names.map((name) => `${name === 'av' ? 'PyAV' : 'OpenCV'} ${this.versions[name]}`)
    return known.length === 2 ? known.join(', ') : [...known, ADVICE].join('; ')
  }

  /**
   * @param {string} library
   * @param {{ video: { file: string }, clips: number[] }[]} jobs First frames of the clips of each video.
   * @param {{ together: boolean, byProcessor: boolean, frames: number, width: number, height: number }} how
   * @returns {Promise<number>}
   */
  async seconds(library, jobs, how) {
    const videos = jobs.map(({ video, clips }) => ({ file: path.resolve(video.file), clips }))
    const answer = await this.#ask({ library, videos, ...how })
    if (!answer)
      throw new Error(`${library} failed to read one of ${videos.map(({ file }) => file).join(', ')}`)
    return answer.seconds
  }

  close() {
    this.#child?.stdin?.end()
  }

  /** @param {object} request */
  async #ask(request) {
    this.#child?.stdin?.write(`${JSON.stringify(request)}\n`)
    const { value, done } = (await this.#lines?.next()) ?? { done: true }
    return done ? undefined : JSON.parse(value)
  }
}
