import { createReadStream } from 'node:fs'
import type { CsvError } from 'csv-parse'
import { invalid } from '../config/parse'
import { C3DError, fileError, messageOf, systemCode } from '../native/errors'
import { lineOf, textLines } from './text-lines'

/** One entry of a manifest: column or key to value. Empty fields and null are left out. */
export interface ManifestRow {
  /** All columns or keys, also of empty fields. */
  names: readonly string[]
  values: Record<string, unknown>
  where: string
}

/** Every field is a text. Throws C3D_INVALID_CONFIG, C3D_FILE_NOT_FOUND, C3D_FILE. */
export async function* csvRows(file: string): AsyncGenerator<ManifestRow> {
  let columns: string[] | undefined
  for await (const { line, fields } of csvRecords(file)) {
    const where = lineOf(file, line)
    if (!columns) {
      columns = uniqueColumns(fields, where)
      continue
    }
    if (fields.length !== columns.length)
      throw invalid(
        where,
        `expected ${columns.length} fields (${columns.join(', ')}), got ${fields.length}: ${fields.join(',')}`,
      )
    const values = Object.fromEntries(columns.map((name, i) => [name, fields[i]]))
    yield { names: columns, values: withoutEmpty(values), where }
  }
  if (!columns) throw invalid(file, 'expected a first line with the names of the columns, got an empty file')
}

/** One JSON object a line. Throws C3D_INVALID_CONFIG, C3D_FILE_NOT_FOUND, C3D_FILE. */
export async function* jsonRows(file: string): AsyncGenerator<ManifestRow> {
  for await (const { text, where } of textLines(file)) {
    const values = jsonObject(text, where)
    yield { names: Object.keys(values), values: withoutEmpty(values), where }
  }
}

interface CsvRecord {
  /** Number of the record's last line. */
  line: number
  fields: string[]
}

async function* csvRecords(file: string): AsyncGenerator<CsvRecord> {
  const { parse } = await import('csv-parse')
  const parser = parse({
    bom: true,
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    info: true,
  })
  const stream = createReadStream(file)
  stream.on('error', (error) => parser.destroy(error))
  try {
    for await (const { info, record } of stream.pipe(parser) as AsyncIterable<{
      info: { lines: number }
      record: string[]
    }>)
      yield { line: info.lines, fields: record }
  } catch (error) {
    if (error instanceof C3DError) throw error
    if (systemCode(error)?.startsWith('CSV_'))
      throw invalid(lineOf(file, (error as CsvError & { lines: number }).lines), messageOf(error))
    throw fileError(error, `read '${file}'`)
  } finally {
    stream.destroy()
  }
}

function uniqueColumns(names: string[], where: string): string[] {
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw invalid(where, `expected every column once, got '${twice}' twice`)
  return names
}

function jsonObject(text: string, where: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw invalid(where, `expected a JSON object, got ${messageOf(error)}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(where, `expected a JSON object, got ${text.length > 60 ? `${text.slice(0, 59)}…` : text}`)
  return value as Record<string, unknown>
}

function withoutEmpty(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== '' && value !== null))
}
