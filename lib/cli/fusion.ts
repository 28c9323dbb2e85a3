import type { Command } from 'commander'
import { invalid } from '../config/parse'
import { requireSameClasses } from '../evaluation/fusion'
import { C3D } from '../model'
import { toNumber } from './options'
import type { Session } from './session'

/** How a command line asks several models together. */
export interface FusionOptions {
  with?: string[]
  weights?: number[]
  device?: string
}

export function addFusionOptions(command: Command): Command {
  return command
    .option(
      '--with <model>',
      'ask this model of the same classes too, and average the answers; may be given several times',
      append,
    )
    .option('--weights <list>', 'how much each model counts, like 1,1.5; all the same otherwise', toWeights)
}

/** For options that may be given several times. */
export function append(value: string, values: readonly string[] = []): string[] {
  return [...values, value]
}

function toWeights(text: string): number[] {
  return text.split(',').map(toNumber)
}

/** The model and those of --with. */
export class Models implements Disposable {
  readonly #models: C3D[] = []

  static async load(file: string, options: FusionOptions, { signal }: Session): Promise<Models> {
    const files = [file, ...(options.with ?? [])]
    const { weights, device } = options
    if (weights && weights.length !== files.length)
      throw invalid('--weights', `expected ${files.length}, one a model (see --with), got ${weights.length}`)
    const models = new Models()
    try {
      for (const each of files) models.#models.push(await C3D.load(each, { device, signal }))
      requireSameClasses(models.all)
      return models
    } catch (error) {
      models[Symbol.dispose]()
      throw error
    }
  }

  get all(): readonly C3D[] {
    return this.#models
  }

  get first(): C3D {
    return this.#models[0] as C3D
  }

  [Symbol.dispose](): void {
    for (const model of this.#models) model.close()
  }
}
