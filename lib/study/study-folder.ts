import { existsSync } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { show } from '../config/fields'
import { readJson } from '../config/run-file'
import type { TrainingConfig } from '../config/training'
import { replaceFile } from '../files/replace-file'
import { C3DError, fileError, messageOf } from '../native/errors'
import { checkpointIn } from '../training/run-folder'
import type { StudyEpoch, StudyMember, StudyOutcome } from './events'
import type { MatchTarget, StudyNet } from './nets'

/** What study.json holds: all that decides the numbers, and with which the study can be gone on with. */
export interface StudyRecord {
  package: string
  nets: StudyNet[]
  seeds: number
  match: MatchTarget | null
  model: { preset: string; initializer: string; preprocessing: object }
  training: Omit<TrainingConfig, 'seed'>
  data: { classes: readonly string[]; training: Identity; validation: Identity }
}

interface Identity {
  source: string
  videos: number
  digest: string
}

const OUTCOME = 'outcome.json'

/**
 * What a study leaves behind: study.json, trainings/<net>-<seed> with a run folder each and in it an outcome.json once
 * it is measured, and the results.
 */
export class StudyFolder {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  /**
   * Begins a study, or goes on with the same one; more seeds and more networks leave it the same.
   *
   * @throws C3D_INVALID_CONFIG where another study lies there and `overwrite` is false, C3D_FILE
   */
  static async open(folder: string, record: StudyRecord, overwrite: boolean): Promise<StudyFolder> {
    const study = new StudyFolder(folder)
    const file = path.join(folder, 'study.json')
    const earlier = existsSync(file) ? ((await readJson(file)) as StudyRecord) : undefined
    const difference = earlier && differenceOf(earlier, record)
    if (difference !== undefined && !overwrite)
      throw new C3DError(
        'C3D_INVALID_CONFIG',
        `'${folder}' holds another study: ${difference}. Choose another folder, give the settings that it began with, or set overwrite (--overwrite) to lose it.`,
      )
    try {
      if (difference !== undefined) await rm(study.#trainings, { recursive: true, force: true })
      await mkdir(folder, { recursive: true })
    } catch (error) {
      throw fileError(error, `write to the folder '${folder}'`)
    }
    const kept = difference === undefined ? earlier : undefined
    await replaceFile(file, jsonFile(kept ? merged(kept, record) : record))
    return study
  }

  /** Of one training. */
  runFolder({ net, seed }: StudyMember): string {
    return path.join(this.#trainings, `${net}-${seed}`)
  }

  /** Whether a training can be gone on with. */
  hasCheckpoint(member: StudyMember): boolean {
    return existsSync(checkpointIn(this.runFolder(member)))
  }

  /** What a training came to, where it is done. Throws C3D_FILE, C3D_INVALID_CONFIG (damaged). */
  async outcome(member: StudyMember): Promise<StudyOutcome | undefined> {
    const file = path.join(this.runFolder(member), OUTCOME)
    return existsSync(file) ? ((await readJson(file)) as StudyOutcome) : undefined
  }

  async saveOutcome(outcome: StudyOutcome): Promise<void> {
    await replaceFile(path.join(this.runFolder(outcome), OUTCOME), jsonFile(outcome))
  }

  /** What a training has written of its epochs. */
  async epochs(member: StudyMember): Promise<StudyEpoch[]> {
    const file = path.join(this.runFolder(member), 'metrics.jsonl')
    const lines = await readFile(file, 'utf8').catch((error) => {
      throw fileError(error, `read '${file}'`)
    })
    try {
      return lines
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line))
        .filter(({ type }) => type === 'epoch')
        .map(({ epoch, loss, accuracy, seconds, validation }) => ({
          epoch,
          loss,
          accuracy,
          seconds,
          validation,
        }))
    } catch (error) {
      throw new C3DError('C3D_FILE', `Cannot use '${file}': ${messageOf(error)}`, { cause: error })
    }
  }

  async write(name: string, contents: string | Buffer): Promise<void> {
    await replaceFile(path.join(this.folder, name), contents)
  }

  get #trainings(): string {
    return path.join(this.folder, 'trainings')
  }
}

/** Networks that are left out this time are still in the folder. */
function merged(earlier: StudyRecord, record: StudyRecord): StudyRecord {
  const others = earlier.nets.filter(({ name }) => record.nets.every((net) => net.name !== name))
  return { ...record, nets: [...record.nets, ...others], seeds: Math.max(earlier.seeds, record.seeds) }
}

/** In what a study would not be the recorded one; undefined: in nothing. */
function differenceOf(recorded: StudyRecord, given: StudyRecord): string | undefined {
  const parts: [string, unknown, unknown][] = [
    ['match', recorded.match, given.match],
    ['model', recorded.model, given.model],
    ...Object.keys({ ...recorded.training, ...given.training }).map((key): [string, unknown, unknown] => [
      `training.${key}`,
      fixed(recorded.training, key),
      fixed(given.training, key),
    ]),
    ['list of classes', recorded.data?.classes, given.data.classes],
    ['digest of the training videos', recorded.data?.training.digest, given.data.training.digest],
    ['digest of the validation videos', recorded.data?.validation.digest, given.data.validation.digest],
  ]
  const different = parts.find(([, own, other]) => !isDeepStrictEqual(plain(own), plain(other)))
  if (different) return `its ${different[0]} is ${show(different[1])}, this is ${show(different[2])}`
  const changed = given.nets.find(({ name, architecture }) => {
    const own = recorded.nets.find((net) => net.name === name)
    return own && !isDeepStrictEqual(plain(own.architecture), plain(architecture))
  })
  return changed && `its network '${changed.name}' has other layers or sizes`
}

/** Without what changes no result. */
function fixed(training: StudyRecord['training'] | undefined, key: string): unknown {
  if (key === 'cache') return undefined
  if (key === 'loader') return training?.loader.prefetch
  return training?.[key as keyof StudyRecord['training']]
}

/** As it comes back from JSON: without keys that are undefined. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}

function jsonFile(content: unknown): string {
  return `${JSON.stringify(content, null, 2)}\n`
}
