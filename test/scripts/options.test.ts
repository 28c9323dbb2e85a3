import path from 'node:path'
import { readOptions } from '../../scripts/setup/options.mjs'
import { SetUp } from './set-up'

test('The cache is TORCH_C3D_CACHE, or a folder of the user', () => {
  expect(readOptions([], { TORCH_C3D_CACHE: '/c' }).cache).toBe('/c')
  expect(readOptions([], { XDG_CACHE_HOME: '/x' }).cache).toBe(path.join('/x', 'torch-c3d'))
  expect(readOptions([], {}).cache).toMatch(/\.cache\/torch-c3d$/)
})

test('The command line wins over the environment', () => {
  expect(readOptions(['--libtorch', 'cpu'], { TORCH_C3D_LIBTORCH: 'cuda' }).libtorch).toBe('cpu')
  expect(readOptions([], { TORCH_C3D_LIBTORCH: 'cuda' }).libtorch).toBe('cuda')
  expect(readOptions([], { TORCH_C3D_LIBTORCH: '' }).libtorch).toBeUndefined()
})

test.each([
  [['--libtorch', 'rocm'], "is 'cpu' or 'cuda'; it is 'rocm'"],
  [['--libtroch', 'cpu'], "Unknown option '--libtroch'"],
])('%j is refused', (args, message) => {
  expect(() => readOptions(args, {})).toThrow(message)
})

test('An old CMake is named before anything is fetched', () => {
  const setUp = new SetUp()
  setUp.command('cmake', 'echo "cmake version 3.18.4"')
  const { status, stderr, calls } = setUp.run([])
  expect(status).toBe(1)
  expect(stderr).toContain('CMake must be 3.22 or later; it is 3.18.')
  expect(stderr).toContain('apt-get install build-essential cmake')
  expect(calls.join('\n')).not.toContain('pip')
})
