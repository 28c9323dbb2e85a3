import { createReadStream } from 'node:fs'
import { fileError } from '../native/errors'

export interface TextLine {
  text: string
  /** For messages: the file and the number of the line, from 1. */
  where: string
}

/** The lines of a file that are not blank, without the blanks around them. Throws C3D_FILE_NOT_FOUND, C3D_FILE. */
export async function* textLines(file: string): AsyncGenerator<TextLine> {
  let number = 0
  for await (const line of allLines(file)) {
    number++
    const text = line.trim() // takes a byte order mark off, too
    if (text !== '') yield { text, where: lineOf(file, number) }
  }
}

export function lineOf(file: string, number: number): string {
  return `${file}, line ${number}`
}

async function* allLines(file: string): AsyncGenerator<string> {
  let rest = ''
  try {
    for await (const chunk of createReadStream(file, 'utf8')) {
      const lines = `${rest}${chunk}`.split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
  } catch (error) {
    throw fileError(error, `read '${file}'`)
  }
  yield rest
}
