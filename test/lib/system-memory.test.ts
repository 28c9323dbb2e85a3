import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { peakMemory, systemMemory } from '../../lib/training/system-memory'
import { temporaryFolder } from '../support/temporary'

const folder = temporaryFolder()
const meminfo = 'MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    600 kB\n'

/** A root folder with these files. */
function rootWith(name: string, files: Record<string, string>): string {
  const root = path.join(folder, name)
  for (const [file, text] of Object.entries({ 'proc/meminfo': meminfo, ...files })) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
    writeFileSync(path.join(root, file), text)
  }
  return root
}

test.each<[string, Record<string, string>, { available: number; total: number }]>([
  ['of the machine', {}, { available: 600 * 1024, total: 1000 * 1024 }],
  [
    'of a group above, version 2, whose file cache can be dropped',
    {
      'proc/self/cgroup': '0::/user/job\n',
      'sys/fs/cgroup/user/memory.max': '500000\n',
      'sys/fs/cgroup/user/memory.current': '400000\n',
      'sys/fs/cgroup/user/memory.stat': 'anon 1\ninactive_file 300000\n',
      'sys/fs/cgroup/user/job/memory.max': 'max\n',
      'sys/fs/cgroup/user/job/memory.current': '400000\n',
    },
    { available: 400_000, total: 500_000 },
  ],
  [
    'of a group, version 1',
    {
      'proc/self/cgroup': '5:cpu:/\n4:memory:/job\n0::/\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
      'sys/fs/cgroup/memory/memory.usage_in_bytes': '1\n',
      'sys/fs/cgroup/memory/job/memory.limit_in_bytes': '300000\n',
      'sys/fs/cgroup/memory/job/memory.usage_in_bytes': '250000\n',
      'sys/fs/cgroup/memory/job/memory.stat': 'total_inactive_file 50000\n',
    },
    { available: 100_000, total: 300_000 },
  ],
  [
    'of a group seen from inside its container, where its path is not there',
    {
      'proc/self/cgroup': '4:memory:/elsewhere\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '300000\n',
      'sys/fs/cgroup/memory/memory.usage_in_bytes': '400000\n',
    },
    { available: 0, total: 300_000 },
  ],
])('the memory %s', async (name, files, expected) => {
  expect(await systemMemory(rootWith(name, files))).toEqual(expected)
})

test('the memory of this machine is a number', async () => {
  const { available, total } = await systemMemory()
  expect(available).toBeGreaterThan(0)
  expect(total).toBeGreaterThanOrEqual(available)
})

test('the peak of a process is its own, and what Node says where the system says nothing', async () => {
  const status = 'Name:\tnode\nVmPeak:\t  9000 kB\nVmHWM:\t    2000 kB\nVmRSS:\t    1000 kB\n'
  expect(await peakMemory(rootWith('peak', { 'proc/self/status': status }))).toBe(2000 * 1024)
  const told = 1024 * process.resourceUsage().maxRSS
  expect(await peakMemory(rootWith('no peak', {}))).toBeGreaterThanOrEqual(told)
  expect(await peakMemory()).toBeGreaterThan(process.memoryUsage.rss() / 2)
})
