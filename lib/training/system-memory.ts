import { readFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'

export interface SystemMemory {
  /** Bytes that processes can still get without swapping: of the machine, or of the container where it has less. */
  available: number
  /** What the machine or the container has in all. */
  total: number
}

/**
 * By /proc/meminfo and the limits of the control groups (versions 1 and 2) that the process is in. Files that the
 * system keeps in memory count as available, since it drops them when memory is asked for.
 *
 * @param root of the file system, for tests
 */
export async function systemMemory(root = '/'): Promise<SystemMemory> {
  const machine = await machineMemory(root)
  const groups = await Promise.all((await groupFolders(root)).map(groupMemory))
  const all = [machine, ...groups.filter((group) => group !== undefined)]
  return {
    available: Math.max(0, Math.min(...all.map(({ available }) => available))),
    total: Math.min(...all.map(({ total }) => total)),
  }
}

/**
 * The most memory that this process has had so far (resident), in bytes. On Linux from /proc: `maxRSS` begins there with
 * what the process had that started this one.
 *
 * @param root of the file system, for tests
 */
export async function peakMemory(root = '/'): Promise<number> {
  const text = await textOf(path.join(root, 'proc/self/status'))
  const kilobytes = Number(text?.match(/^VmHWM:\s+(\d+) kB$/m)?.[1])
  return 1024 * (kilobytes > 0 ? kilobytes : process.resourceUsage().maxRSS)
}

async function machineMemory(root: string): Promise<SystemMemory> {
  const text = await textOf(path.join(root, 'proc/meminfo'))
  const kilobytes = (name: string) => Number(text?.match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'))?.[1])
  const [available, total] = [kilobytes('MemAvailable'), kilobytes('MemTotal')]
  if (available >= 0 && total > 0) return { available: 1024 * available, total: 1024 * total }
  return { available: process.availableMemory(), total: os.totalmem() }
}

interface GroupFolder {
  folder: string
  version: 1 | 2
}

/** Those that the process is in and all above them: each may have a limit. */
async function groupFolders(root: string): Promise<GroupFolder[]> {
  const lines = ((await textOf(path.join(root, 'proc/self/cgroup'))) ?? '').split('\n')
  return lines.flatMap((line): GroupFolder[] => {
    const [, controllers, group] = line.match(/^\d+:([^:]*):(.*)$/) ?? []
    if (controllers === undefined || group === undefined) return []
    const version = controllers === '' ? 2 : 1
    if (version === 1 && !controllers.split(',').includes('memory')) return []
    const top = path.join(root, 'sys/fs/cgroup', version === 1 ? 'memory' : '')
    return upwards(top, group).map((folder) => ({ folder, version }))
  })
}

function upwards(top: string, group: string): string[] {
  const names = group.split('/').filter((name) => name !== '' && name !== '..')
  return Array.from({ length: names.length + 1 }, (_, i) => path.join(top, ...names.slice(0, i)))
}

async function groupMemory({ folder, version }: GroupFolder): Promise<SystemMemory | undefined> {
  const [limit, usage, files] =
    version === 2
      ? ['memory.max', 'memory.current', 'inactive_file']
      : ['memory.limit_in_bytes', 'memory.usage_in_bytes', 'total_inactive_file']
  const total = Number(await textOf(path.join(folder, limit)))
  const used = Number(await textOf(path.join(folder, usage)))
  // 'max', or a number beyond all machines: no limit.
  if (!(total > 0 && total < 2 ** 60) || Number.isNaN(used)) return undefined
  const statistics = await textOf(path.join(folder, 'memory.stat'))
  const droppable = Number(statistics?.match(new RegExp(`^${files} (\\d+)$`, 'm'))?.[1] ?? 0)
  return { available: total - Math.max(0, used - droppable), total }
}

async function textOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined)
}
