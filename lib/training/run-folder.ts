import { existsSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { threadId } from 'node:worker_threads'
import { makeFolder } from '../files/make-folder'
import { replaceFile } from '../files/replace-file'
import { addon } from '../native/addon'
import type { NativeFileLock } from '../native/binding'
import { C3DError, fileError, fromNative } from '../native/errors'

const EVENTS = 'events.out.tfevents.'
const KEPT = 'epoch-'
/** Also while it is being written. */
const KEPT_MODEL = /^epoch-\d+\.safetensors(\.|$)/

/**
 * What a training leaves behind: config.json, metrics.jsonl (one event a line), events.out.tfevents.* (scalars for
 * TensorBoard), checkpoint.safetensors to go on from, best.safetensors (the model of the best validation),
 * epoch-<number>.safetensors (those that are kept) and model.safetensors (the model at the end). While it is written to
 * it is locked, by run.lock.
 */
export class RunFolder {
  readonly folder: string
  readonly checkpoint: string
  readonly metrics: string
  readonly best: string
  /** Of the models that are kept: <prefix><epoch>.safetensors. */
  readonly keptPrefix: string
  readonly model: string
  #lock: NativeFileLock | undefined

  private constructor(folder: string) {
    this.folder = folder
    this.checkpoint = checkpointIn(folder)
    this.metrics = path.join(folder, 'metrics.jsonl')
    this.best = path.join(folder, 'best.safetensors')
    this.keptPrefix = path.join(folder, KEPT)
    this.model = path.join(folder, 'model.safetensors')
  }

  /** Throws C3D_FILE where a run lies already. */
  static requireFree(folder: string): void {
    new RunFolder(folder).#requireNoRun()
  }

  /** Begins a run. Throws C3D_FILE where it cannot write, or where a run lies already and `overwrite` is false. */
  static async create(folder: string, config: unknown, overwrite: boolean): Promise<RunFolder> {
    const run = new RunFolder(folder)
    if (!overwrite) run.#requireNoRun()
    await makeFolder(folder)
    run.#takeLock()
    return run.#guarded(`write to the run folder '${folder}'`, async () => {
      // Another process may have come first.
      if (!overwrite) run.#requireNoRun()
      // What is left of an earlier run would be taken for this one's.
      for (const file of [run.checkpoint, run.best, run.model]) await rm(file, { force: true })
      await run.#removeWhere((name) => KEPT_MODEL.test(name) || name.startsWith(EVENTS))
      await run.#removeUnfinished()
      await replaceFile(run.#config, jsonFile(config))
      await replaceFile(run.metrics, '')
    })
  }

  /** To go on with a run. Throws C3D_FILE_NOT_FOUND, or C3D_FILE where another one is writing to it. */
  static open(folder: string): RunFolder {
    const run = new RunFolder(folder)
    if (!existsSync(run.checkpoint))
      throw new C3DError('C3D_FILE_NOT_FOUND', `'${folder}' holds no run: there is no '${run.checkpoint}'.`)
    run.#takeLock()
    return run
  }

  /**
   * The metrics are cut back to the epochs that its checkpoint has complete.
   *
   * @param training the settings with which it goes on
   */
  async goOn(completeEpochs: number, training: unknown): Promise<void> {
    await this.#guarded(`go on with the run folder '${this.folder}'`, async () => {
      await this.#removeUnfinished()
      const config = JSON.parse(await readFile(this.#config, 'utf8'))
      await replaceFile(this.#config, jsonFile({ ...config, training }))
      const metrics = existsSync(this.metrics) ? await readFile(this.metrics, 'utf8') : ''
      const kept = metrics.split('\n').filter((line) => isOfEpoch(line, completeEpochs))
      await replaceFile(this.metrics, kept.map((line) => `${line}\n`).join(''))
    })
  }

  /** Lets others write to it. */
  release(): void {
    this.#lock?.release()
    this.#lock = undefined
  }

  /**
   * The system's own lock, which ends with the process, however that ends. The text is for whoever meets it.
   */
  #takeLock(): void {
    const thread = threadId === 0 ? '' : `, worker thread ${threadId},`
    const holder = `process ${process.pid}${thread} on ${os.hostname()}, since ${new Date().toISOString()}`
    try {
      this.#lock = addon().lockFile(path.join(this.folder, 'run.lock'), holder)
    } catch (error) {
      throw fromNative(error)
    }
  }

  async #guarded(doing: string, work: () => Promise<void>): Promise<this> {
    try {
      await work()
      return this
    } catch (error) {
      this.release()
      throw error instanceof C3DError ? error : fileError(error, doing)
    }
  }

  /** What a process that was killed was writing; of a checkpoint, that is a lot. */
  async #removeUnfinished(): Promise<void> {
    const own = [this.checkpoint, this.best, this.model, this.metrics, this.#config].map((file) =>
      path.basename(file),
    )
    await this.#removeWhere(
      (name) =>
        name.endsWith('.tmp') && (KEPT_MODEL.test(name) || own.some((file) => name.startsWith(`${file}.`))),
    )
  }

  async #removeWhere(isUnwanted: (name: string) => boolean): Promise<void> {
    const names = await readdir(this.folder)
    for (const name of names.filter(isUnwanted)) await rm(path.join(this.folder, name), { force: true })
  }

  #requireNoRun(): void {
    const found = [this.model, this.checkpoint].find((file) => existsSync(file))
    if (found === undefined) return
    throw new C3DError(
      'C3D_FILE',
      `'${this.folder}' holds the ${path.basename(found, '.safetensors')} of an earlier run. Choose another folder, go on with that run with resume (--resume on the command line), or set overwrite (--overwrite) to lose it.`,
    )
  }

  get #config(): string {
    return path.join(this.folder, 'config.json')
  }
}

/** Of the run that is kept in this folder. */
export function checkpointIn(folder: string): string {
  return path.join(folder, 'checkpoint.safetensors')
}

function jsonFile(content: unknown): string {
  return `${JSON.stringify(content, null, 2)}\n`
}

/** Whether a line is whole and of an epoch up to this one. A process that was killed may leave half a line. */
function isOfEpoch(line: string, lastEpoch: number): boolean {
  try {
    return JSON.parse(line).epoch <= lastEpoch
  } catch {
    return false
  }
}
