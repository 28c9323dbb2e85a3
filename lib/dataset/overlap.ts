import { C3DError } from '../native/errors'
import { groupOf } from './groups'
import type { Member } from './members'
import type { VideoItem } from './video-item'

/** Videos of two data sets that show the same thing. */
export interface Overlap {
  /** 'file': one file, or parts of it; 'pictures': files with the same pictures; 'group': one recording or group. */
  kind: 'file' | 'pictures' | 'group'
  /** Those of the first data set, and of the second. */
  videos: [VideoItem[], VideoItem[]]
}

type Kind = Overlap['kind']

/** By what two videos are the same, the surest first. A video of the second set is told once. */
const KEYS: readonly [Kind, (member: Member) => string | undefined][] = [
  ['file', ({ file }) => file],
  ['pictures', ({ video }) => video.fingerprint || undefined],
  ['group', ({ video }) => groupOf(video)],
]

export function findOverlaps(first: readonly Member[], second: readonly Member[]): Overlap[] {
  const overlaps: Overlap[] = []
  let left = [...second]
  for (const [kind, keyOf] of KEYS) {
    const there = byKey(left, keyOf)
    const shared = [...byKey(first, keyOf)].filter(([key]) => there.has(key))
    const told = new Set<Member>()
    for (const [key, here] of shared) {
      const members = there.get(key) ?? []
      overlaps.push({ kind, videos: [here.map(videoOf), members.map(videoOf)] })
      for (const member of members) told.add(member)
    }
    left = left.filter((member) => !told.has(member))
  }
  return overlaps
}

const MOST_SHOWN = 5

/** Throws C3D_INVALID_ARGUMENT when two parts of the data share videos, recordings or groups. */
export function requireApart(overlaps: readonly Overlap[], parts: string): void {
  if (overlaps.length === 0) return
  const shown = overlaps.slice(0, MOST_SHOWN).map((overlap) => `  ${describeOverlap(overlap)}`)
  const more = overlaps.length > MOST_SHOWN ? [`  and ${overlaps.length - MOST_SHOWN} more`] : []
  throw new C3DError(
    'C3D_INVALID_ARGUMENT',
    [
      `The ${parts} sets overlap, so that scores would be better than they are:`,
      ...shown,
      ...more,
      'Keep what belongs together on one side (VideoDataset.split does), or set allowOverlap (--allow-overlap) to go on all the same.',
    ].join('\n'),
  )
}

/** One line for people. */
export function describeOverlap({ kind, videos: [here, there] }: Overlap): string {
  const [a, b] = [here[0]?.path ?? '', there[0]?.path ?? '']
  const group = here[0] && groupOf(here[0])
  switch (kind) {
    case 'file':
      return a === b ? `'${a}' is in both` : `'${a}' and '${b}' are one file`
    case 'pictures':
      return `'${a}' and '${b}' show the same pictures`
    case 'group':
      return `'${a}' and '${b}' are of one group (${group})`
  }
}

const videoOf = ({ video }: Member): VideoItem => video

function byKey(
  members: readonly Member[],
  keyOf: (member: Member) => string | undefined,
): Map<string, Member[]> {
  const found = new Map<string, Member[]>()
  for (const member of members) {
    const key = keyOf(member)
    if (key === undefined) continue
    const same = found.get(key)
    if (same) same.push(member)
    else found.set(key, [member])
  }
  return found
}
