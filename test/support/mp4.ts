/** Where the contents of a box of an .mp4 file begin; boxes are told by their path, e.g. ['moov', 'trak']. */
export function atom(bytes: Buffer, names: readonly string[]): number {
  let start = 0
  let end = bytes.length
  for (const name of names) {
    let at = start
    while (bytes.toString('latin1', at + 4, at + 8) !== name) {
      const size = bytes.readUInt32BE(at)
      if (size < 8 || at + size >= end) throw new Error(`there is no box ${names.join('/')}`)
      at += size
    }
    start = at + 8
    end = at + bytes.readUInt32BE(at)
  }
  return start
}

/** Has the edit list begin `count` frames later. The file must have one, with one entry, and a constant frame rate. */
export function discardFirstFrames(bytes: Buffer, count: number): Buffer {
  const trak = ['moov', 'trak']
  const elst = atom(bytes, [...trak, 'edts', 'elst'])
  const stts = atom(bytes, [...trak, 'mdia', 'minf', 'stbl', 'stts'])
  const frame = bytes.readUInt32BE(stts + 12)
  const mediaTime = elst + 12
  bytes.writeUInt32BE(bytes.readUInt32BE(mediaTime) + count * frame, mediaTime)
  return bytes
}
