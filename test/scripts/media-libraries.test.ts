import { isSupportedAvformat } from '../../scripts/setup/media-libraries.mjs'
import { SetUp } from './set-up'

const LOOK = `
  import { findMediaLibraries } from './media-libraries.mjs'
  import { readOptions } from './options.mjs'
  console.log(JSON.stringify(findMediaLibraries(readOptions([], process.env))))
`
const asRoot = (name: string, run: () => void) =>
  process.getuid?.() === 0 ? test(name, run) : test.skip(`${name} (skipped: only root may use apt-get)`, run)

test.each([
  ['58.45.100', false],
  ['58.76.100', true],
  ['59.27.100', true],
  ['62.3.100', true],
  ['63.0.100', false],
])('libavformat %s: %s', (version, supported) => {
  expect(isSupportedAvformat(version)).toBe(supported)
})

test('What pkg-config finds is used', () => {
  const setUp = new SetUp()
  setUp.command('pkg-config', 'echo 60.16.100')
  const { stdout, stderr } = setUp.script(LOOK)
  expect(JSON.parse(stdout)).toEqual({ ffmpeg: '60.16.100', jpeg: '60.16.100', png: '60.16.100' })
  expect(stderr).toBe("torch-c3d: FFmpeg's libavformat 60.16.100")
})

test('Without them, the command for each system is told, and the set-up goes on', () => {
  const setUp = new SetUp()
  setUp.command('pkg-config', 'exit 1')
  const { status, stdout, stderr, calls } = setUp.script(LOOK, { TORCH_C3D_NO_APT: '1' })
  expect(status).toBe(0)
  expect(JSON.parse(stdout)).toEqual({ ffmpeg: '', jpeg: '', png: '' })
  expect(stderr).toContain('apt-get install libavformat-dev')
  expect(stderr).toContain('dnf install ffmpeg-free-devel')
  expect(stderr).toContain('brew install ffmpeg')
  expect(calls.join('\n')).not.toContain('apt-get')
})

asRoot('Root with apt-get gets them installed, and is told so', () => {
  const setUp = new SetUp()
  setUp.command('pkg-config', 'test -e "$HOME/installed" && echo 59.27.100')
  setUp.command('apt-get', '[ "$1" != install ] || touch "$HOME/installed"')
  const { stdout, stderr, calls } = setUp.script(LOOK)
  expect(JSON.parse(stdout).ffmpeg).toBe('59.27.100')
  expect(stderr).toContain('installing FFmpeg 4.4 to 8')
  const installs = calls.filter((call) => call.startsWith('apt-get'))
  expect(installs.map((call) => call.split(' ')[1])).toEqual(['--version', 'update', 'install'])
})

asRoot('When apt-get fails, the set-up goes on without them', () => {
  const setUp = new SetUp()
  setUp.command('pkg-config', 'exit 1')
  setUp.command('apt-get', '[ "$1" = --version ]')
  const { status, stderr } = setUp.script(LOOK)
  expect(status).toBe(0)
  expect(stderr).toContain('apt-get could not install them')
  expect(stderr).toContain('brew install ffmpeg')
})
