import path from 'node:path'
import type { GroupBy } from '../config/dataset'
import type { Member } from './members'
import type { VideoItem } from './video-item'

/** UCF101 cuts several clips (c01, c02, …) from one recording (g01): v_Archery_g01_c01.avi. */
const UCF101_GROUP = /_(g\d+)_c\d+/i

/** The group of a video: what its manifest says, or the recording of UCF101 that it was cut from. */
export function groupOf({ group, label, path: file }: VideoItem): string | undefined {
  if (group !== undefined) return group
  const recording = UCF101_GROUP.exec(path.basename(file))?.[1]
  return recording === undefined ? undefined : `${label}/${recording.toLowerCase()}`
}

/**
 * Names the group of every video, for a split. Parts of one file and files with the same pictures belong together
 * whatever `groupBy` says, except 'none'.
 */
export function splitGroups(members: readonly Member[], groupBy: GroupBy): string[] {
  if (groupBy === 'none') return members.map((_, i) => String(i))
  return joined(
    members.map(({ video, file }) => {
      const group = groupBy === 'auto' ? groupOf(video) : groupBy(video)
      return [
        `file ${file}`,
        ...(video.fingerprint ? [`pictures ${video.fingerprint}`] : []),
        ...(group === undefined ? [] : [`group ${group}`]),
      ]
    }),
  )
}

/** One name for all that share a key, directly or by way of others. */
function joined(keys: readonly (readonly string[])[]): string[] {
  const parents = new Map<string, string>()
  const rootOf = (key: string): string => {
    let root = key
    for (let parent = parents.get(root); parent !== undefined; parent = parents.get(root)) root = parent
    if (root !== key) parents.set(key, root)
    return root
  }
  for (const [first = '', ...others] of keys)
    for (const other of others) {
      const [a, b] = [rootOf(first), rootOf(other)]
      if (a !== b) parents.set(b, a)
    }
  return keys.map(([first = '']) => rootOf(first))
}
