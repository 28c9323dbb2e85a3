import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * TensorBoard's event files, read by the public formats alone: TFRecord (tensorflow/core/lib/io/record_writer.h),
 * event.proto and summary.proto. Whatever is not as it should be there is an error.
 */

export interface Event {
  wallTime: number
  step: number
  fileVersion?: string
  /** SessionLog.status; 1: START. */
  session?: number
  scalars: Record<string, number>
}

/** By their names, which sort by time. */
export function eventFilesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith('events.out.tfevents.'))
    .sort()
    .map((name) => path.join(folder, name))
}

/** @param mayBeCut whether the last record may be half written */
export function readEvents(file: string, mayBeCut = false): Event[] {
  const bytes = readFileSync(file)
  const events: Event[] = []
  for (let place = 0; place < bytes.length; ) {
    const length =
      place + 12 <= bytes.length ? Number(bytes.readBigUInt64LE(place)) : Number.POSITIVE_INFINITY
    const end = place + 12 + length + 4
    if (end > bytes.length) {
      if (mayBeCut) break
      throw new Error(`'${file}' ends within a record`)
    }
    requireCrc(bytes.subarray(place, place + 8), bytes.readUInt32LE(place + 8))
    const data = bytes.subarray(place + 12, place + 12 + length)
    requireCrc(data, bytes.readUInt32LE(place + 12 + length))
    events.push(toEvent(data))
    place = end
  }
  return events
}

function requireCrc(data: Uint8Array, found: number): void {
  const crc = crc32c(data)
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
  if (masked !== found) throw new Error(`the CRC should be ${masked}, and is ${found}`)
}

/** CRC-32C, bit by bit (RFC 3720). */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of data) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}

function toEvent(data: Buffer): Event {
  const event: Event = { wallTime: Number.NaN, step: 0, scalars: {} }
  for (const { field, value } of fieldsOf(data)) {
    if (field === 1) event.wallTime = asBytes(value).readDoubleLE()
    else if (field === 2) event.step = asNumber(value)
    else if (field === 3) event.fileVersion = asBytes(value).toString()
    else if (field === 5)
      for (const { value: scalar } of fieldsOf(asBytes(value))) addScalar(event.scalars, asBytes(scalar))
    else if (field === 7) event.session = asNumber(fieldsOf(asBytes(value))[0]?.value)
    else throw new Error(`an event has no field ${field} here`)
  }
  return event
}

function addScalar(scalars: Event['scalars'], data: Buffer): void {
  const fields = new Map(fieldsOf(data).map(({ field, value }) => [field, asBytes(value)]))
  const tag = fields.get(1)?.toString() ?? ''
  if (tag === '' || tag in scalars) throw new Error(`the tag '${tag}' is there twice, or empty`)
  scalars[tag] = fields.get(2)?.readFloatLE() ?? Number.NaN
}

interface Field {
  field: number
  value: number | Buffer
}

function fieldsOf(data: Buffer): Field[] {
  const fields: Field[] = []
  let place = 0
  const varint = (): number => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = data.readUInt8(place++)
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
  }
  const take = (size: number): Buffer => {
    if (place + size > data.length) throw new Error('a field ends behind its message')
    place += size
    return data.subarray(place - size, place)
  }
  while (place < data.length) {
    const key = varint()
    const [field, type] = [key >>> 3, key & 7]
    if (type === 0) fields.push({ field, value: varint() })
    else if (type === 1) fields.push({ field, value: take(8) })
    else if (type === 2) fields.push({ field, value: take(varint()) })
    else if (type === 5) fields.push({ field, value: take(4) })
    else throw new Error(`there is no wire type ${type}`)
  }
  return fields
}

function asBytes(value: Field['value'] | undefined): Buffer {
  if (!Buffer.isBuffer(value)) throw new Error('expected bytes')
  return value
}

function asNumber(value: Field['value'] | undefined): number {
  if (typeof value !== 'number') throw new Error('expected a number')
  return value
}
