import { existsSync } from 'node:fs'
import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { C3DError, fileError } from '../native/errors'

/** What a training leaves behind: config.json, metrics.jsonl (one event a line) and model.safetensors. */
export class RunFolder {
  readonly folder: string
  readonly model: string
  #writing: Promise<void> = Promise.resolve()

  private constructor(folder: string) {
    this.folder = folder
    this.model = path.join(folder, 'model.safetensors')
  }

  /** Throws C3D_FILE where a model lies already. */
  static requireFree(folder: string): void {
    new RunFolder(folder).#requireNoModel()
  }

  /** Throws C3D_FILE where it cannot write, or where a model lies already and `overwrite` is false. */
  static async create(folder: string, config: unknown, overwrite: boolean): Promise<RunFolder> {
    const run = new RunFolder(folder)
    if (!overwrite) run.#requireNoModel()
    try {
      await mkdir(folder, { recursive: true })
      await writeFile(path.join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`)
      await writeFile(run.#metrics, '')
    } catch (error) {
      throw fileError(error, `write to the run folder '${folder}'`)
    }
    return run
  }

  /** Appends a line to metrics.jsonl, in the order of calls. A failure is told to `onError`, once. */
  append(event: unknown, onError: (error: C3DError) => void): void {
    this.#writing = this.#writing
      .then(() => appendFile(this.#metrics, `${JSON.stringify(event)}\n`))
      .catch((error) => onError(fileError(error, `write to '${this.#metrics}'`)))
  }

  /** Settles when everything appended so far is written. */
  async flush(): Promise<void> {
    await this.#writing
  }

  #requireNoModel(): void {
    if (existsSync(this.model))
      throw new C3DError(
        'C3D_FILE',
        `'${this.folder}' holds the model of an earlier run. Choose another folder, or set overwrite (--overwrite on the command line) to lose that one.`,
      )
  }

  get #metrics(): string {
    return path.join(this.folder, 'metrics.jsonl')
  }
}
