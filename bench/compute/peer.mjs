import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/**
 * What is computed: one network, one batch, again and again.
 *
 * @typedef {object} Work
 * @property {'step' | 'forward'} task A training step (forward, backward, SGD with momentum and weight decay), or a
 *   forward pass without gradients.
 * @property {import('torch-c3d').ArchitectureData} architecture
 * @property {number} classes
 * @property {number} clips of a batch
 * @property {'float32' | 'bfloat16'} precision
 * @property {number} threads
 * @property {string} device
 * @property {'eager' | 'channels-last' | 'compile' | undefined} [way] how PyTorch does it
 */

/**
 * A process that computes: asked by lines of JSON on its stdin, answering likewise. Each piece of work has a process of
 * its own, so that what it takes of memory at most is its own as well.
 */
export class Peer {
  #child
  #lines

  /**
   * @param {string} command
   * @param {string[]} args
   * @param {NodeJS.ProcessEnv} env
   */
  constructor(command, args, env = process.env) {
    this.#child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
    /** @type {string[]} */
    this.errors = []
    this.#child.stderr.on('data', (text) => this.errors.push(String(text)))
    this.#child.stdin.on('error', () => {}) // told by the missing answer
    this.#child.on('error', (error) => this.errors.push(error.message))
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** @param {Work} work */
  async prepare(work) {
    await this.#ask(work)
  }

  /** Seconds of doing the work once. */
  async seconds() {
    return (await this.#ask({ run: true })).seconds
  }

  /** The most memory that its process had, in bytes. */
  async peakMemory() {
    return (await this.#ask({ memory: true })).bytes
  }

  close() {
    this.#child.stdin.end()
    this.#child.kill()
  }

  /** @param {object} question */
  async #ask(question) {
    this.#child.stdin.write(`${JSON.stringify(question)}\n`)
    const { value, done } = await this.#lines.next()
    if (!done) return JSON.parse(value)
    const reason = this.errors.join('').trim().split('\n').at(-1) ?? 'it ended'
    throw new Error(reason.slice(0, 300))
  }
}
