import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/**
 * float32; the same with its factors rounded to TF32 (GPUs); or mixed precision in a 16-bit type.
 *
 * @typedef {'float32' | 'tf32' | 'bfloat16' | 'float16'} Precision
 */

/**
 * What is computed: one network, one batch, again and again. The batch is in the host's memory. It is network input;
 * for a training step on a GPU it is pixels, as from a data loader.
 *
 * @typedef {object} Work
 * @property {'step' | 'forward'} task A training step (forward, backward, SGD with momentum and weight decay), or a
 *   forward pass without gradients whose result is read.
 * @property {import('torch-c3d').ArchitectureData} architecture
 * @property {number} classes
 * @property {number} clips of a batch
 * @property {Precision} precision
 * @property {number} threads
 * @property {string} device
 * @property {{ mean: [number, number, number], scale: number }} preprocessing of pixels
 * @property {boolean} resident PyTorch's batch lies on the GPU already
 * @property {'eager' | 'channels-last' | 'compile' | undefined} [way] how PyTorch does it
 */

/** @typedef {{ name: string, pytorch: string, peaks: Partial<Record<Precision, number>> }} DeviceFacts */

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

  /**
   * Seconds of doing the work once, on an average of some times.
   * @param {number} times
   */
  async seconds(times) {
    return (await this.#ask({ run: times })).seconds / times
  }

  /**
   * Bytes at most: of a GPU's memory that its tensors took, or of memory that its process had.
   * @param {string} device
   */
  async peakMemory(device) {
    return (await this.#ask({ memory: device })).bytes
  }

  /**
   * Of PyTorch's process: what the GPU is called, and its rates of a product of large matrices.
   * @param {string} device
   * @param {Precision[]} precisions
   * @returns {Promise<DeviceFacts>}
   */
  async deviceFacts(device, precisions) {
    return this.#ask({ facts: device, precisions })
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
    const lines = this.errors.join('').trim().split('\n')
    const reason = lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1)
    throw new Error(reason?.trim().slice(0, 300) || 'it ended')
  }
}
