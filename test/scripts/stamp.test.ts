import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { buildStamp } from '../../scripts/setup/stamp.mjs'
import { temporaryFolder } from '../support/temporary'

const root = temporaryFolder()
const source = path.join(root, 'native/core/model.cpp')
const settings = ['2.13.0', { ffmpeg: '59.27.100' }]

beforeAll(() => {
  for (const folder of ['native/core', 'cmake', 'node_modules/cmake-js']) {
    mkdirSync(path.join(root, folder), { recursive: true })
  }
  writeFileSync(path.join(root, 'CMakeLists.txt'), 'project(x)')
  writeFileSync(source, 'int main() {}')
  writeFileSync(path.join(root, 'node_modules/cmake-js/package.json'), '{"version":"8.0.0"}')
})

test('A build is stale when a setting, a source, its place or a build tool has changed, and not otherwise', () => {
  const changes = [
    () => settings.push('debug'),
    () => writeFileSync(source, 'int main() { return 1; }'),
    () => renameSync(source, path.join(root, 'native/core/network.cpp')),
    () => writeFileSync(path.join(root, 'CMakeLists.txt'), 'project(y)'),
    () => writeFileSync(path.join(root, 'node_modules/cmake-js/package.json'), '{"version":"8.1.0"}'),
  ]
  const stamps = [buildStamp(root, settings)]
  for (const change of changes) {
    change()
    stamps.push(buildStamp(root, settings))
  }
  expect(new Set(stamps).size).toBe(changes.length + 1)
  expect(buildStamp(root, settings)).toBe(stamps.at(-1))
})
