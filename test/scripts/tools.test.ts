import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { SetUp } from './set-up'

/** The set-up where nothing but `tools` is on the PATH. */
function setUpWith(...tools: string[]) {
  const setUp = new SetUp()
  const PATH = path.join(setUp.folder, 'tools')
  mkdirSync(PATH)
  for (const tool of tools) {
    const { stdout } = spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' })
    symlinkSync(stdout.trim(), path.join(PATH, tool))
  }
  return setUp.run([], { PATH, CXX: '' })
}

test.each([
  [[], ['CMake is not there.', 'A C++ compiler is not there', 'Neither make nor ninja is there.']],
  [['cmake'], ['A C++ compiler is not there']],
  [['cmake', 'c++'], ['Neither make nor ninja is there.']],
])('With %p on the PATH, one message tells what is missing and how to install it', (tools, lines) => {
  const { status, stderr } = setUpWith(...tools)
  expect(status).toBe(1)
  for (const line of [...lines, 'apt-get install build-essential cmake', 'dnf install', 'brew install'])
    expect(stderr).toContain(line)
})
