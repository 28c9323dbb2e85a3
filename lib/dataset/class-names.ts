import { invalid } from '../config/parse'
import { C3DError } from '../native/errors'
import { textLines } from './text-lines'

/** Names of classes by their numbers. */
export interface ClassNames {
  file: string
  /** Number of the first name. */
  first: number
  names: string[]
}

const NUMBERED = /^(\d+)\s+(.+)$/

/**
 * Reads a file like UCF101's classInd.txt: a number and a name a line, numbers without gaps; or only a name a line,
 * counted from 0.
 *
 * @throws C3D_INVALID_CONFIG (naming the line), C3D_EMPTY_DATASET, C3D_FILE_NOT_FOUND, C3D_FILE
 */
export async function readClassNames(file: string): Promise<ClassNames> {
  const names: string[] = []
  let first = 0
  let numbered = false
  for await (const { text, where } of textLines(file)) {
    const match = NUMBERED.exec(text)
    if (names.length === 0 && match) {
      numbered = true
      first = Number(match[1])
    }
    const number = first + names.length
    if (numbered && Number(match?.[1]) !== number)
      throw invalid(where, `expected '${number} <name of the class>', got '${text}'`)
    const name = numbered ? (match?.[2] ?? '') : text
    if (names.includes(name)) throw invalid(where, `expected every class once, got '${name}' again`)
    names.push(name)
  }
  if (names.length === 0) throw new C3DError('C3D_EMPTY_DATASET', `'${file}' names no class.`)
  return { file, first, names }
}
