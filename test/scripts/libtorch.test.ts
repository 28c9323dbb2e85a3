import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { makeLibrary, makeLibTorch } from './fake-libtorch'
import { SetUp } from './set-up'

const CPU = 'torch==2.13.0+cpu'

describe('LibTorch is looked for', () => {
  test('in LIBTORCH before everything else', () => {
    const setUp = new SetUp()
    const named = makeLibTorch(path.join(setUp.folder, 'named'))
    const python = makeLibTorch(path.join(setUp.folder, 'python'))
    expect(setUp.findLibTorch({ LIBTORCH: named, FAKE_TORCH: python }).stdout).toBe(named)
  })

  test("then in Python's torch", () => {
    const setUp = new SetUp()
    const python = makeLibTorch(path.join(setUp.folder, 'python'), { version: '2.14.1' })
    makeLibTorch(path.join(setUp.cache, 'libtorch-2.13.0-cpu/torch'))
    expect(setUp.findLibTorch({ FAKE_TORCH: python }).stdout).toBe(python)
  })

  test('then in the cache, where a wheel and the archive have folders of different names', () => {
    for (const name of ['torch', 'libtorch']) {
      const setUp = new SetUp()
      const cached = makeLibTorch(path.join(setUp.cache, 'libtorch-2.13.0-cpu', name))
      const { stdout, calls } = setUp.findLibTorch()
      expect(stdout).toBe(cached)
      expect(calls.join('\n')).not.toContain('pip')
    }
  })

  test('then with pip, whose wheel goes into the cache and is found there the next time', () => {
    const setUp = new SetUp()
    const contents = path.join(setUp.folder, 'contents')
    makeLibTorch(path.join(contents, 'torch'))
    setUp.wheel(CPU, contents)
    const first = setUp.findLibTorch()
    expect(first.stdout).toBe(path.join(setUp.cache, 'libtorch-2.13.0-cpu/torch'))
    expect(readdirSync(setUp.cache)).toEqual(['libtorch-2.13.0-cpu'])
    expect(readdirSync(path.join(setUp.cache, 'libtorch-2.13.0-cpu'))).toEqual(['torch'])
    const second = setUp.findLibTorch({ FAKE_WHEELS: '' })
    expect(second).toMatchObject({ stdout: first.stdout, stderr: '' })
  })

  test("with PyTorch's index and then with any build, where the user's configuration has no CPU build", () => {
    const setUp = new SetUp()
    const contents = path.join(setUp.folder, 'contents')
    makeLibTorch(path.join(contents, 'torch'))
    setUp.wheel('torch==2.13.0', contents)
    const { stdout, calls } = setUp.findLibTorch()
    expect(stdout).toBe(path.join(setUp.cache, 'libtorch-2.13.0-cpu/torch'))
    const downloads = calls.filter((call) => call.includes('pip download'))
    expect(downloads.map((call) => call.split(' ').at(-1))).toEqual([CPU, CPU, 'torch==2.13.0'])
    expect(downloads[0]).not.toContain('--extra-index-url')
    expect(downloads[1]).toContain('--extra-index-url https://download.pytorch.org/whl/cpu')
  })
})

describe('Where pip has only another supported release of a build,', () => {
  const ANY = 'torch>=2.13,<2.15'

  test('that one is fetched, after the release asked for, and kept under its own version', () => {
    const setUp = new SetUp()
    const cpu = path.join(setUp.folder, 'cpu')
    makeLibTorch(path.join(cpu, 'torch'), { version: '2.13.0+cpu' })
    setUp.wheel('torch==2.13.0', cpu)
    const cuda = path.join(setUp.folder, 'cuda')
    makeLibTorch(path.join(cuda, 'torch'), { version: '2.14.1+cu130', cuda: true })
    setUp.wheel(ANY, cuda)

    const first = setUp.run(['--print-libtorch', '--libtorch', 'cuda'])
    expect(first.stdout).toBe(path.join(setUp.cache, 'libtorch-2.14.1-cuda/torch'))
    const downloads = first.calls.filter((call) => call.includes('pip download'))
    expect(downloads.map((call) => call.split(' ').at(-1))).toEqual([
      'torch==2.13.0',
      'torch==2.13.0+cu130',
      ANY,
    ])
    expect(readdirSync(setUp.cache)).toEqual(['libtorch-2.14.1-cuda'])

    const second = setUp.run(['--print-libtorch', '--libtorch', 'cuda'], { FAKE_WHEELS: '' })
    expect(second).toMatchObject({ stdout: first.stdout, stderr: '' })
  })

  test('the cache prefers the release that is fetched, then the newest, and skips what is not supported', () => {
    const setUp = new SetUp()
    const entry = (version: string) => path.join(setUp.cache, `libtorch-${version}-cpu`)
    for (const version of ['2.12.1', '2.14.1', '2.14.10', '2.13.0']) {
      makeLibTorch(path.join(entry(version), 'torch'), { version })
    }
    makeLibTorch(path.join(setUp.cache, 'libtorch-2.14.11-cuda/torch'), { version: '2.14.11', cuda: true })
    for (const version of ['2.13.0', '2.14.10', '2.14.1']) {
      expect(setUp.findLibTorch({ FAKE_WHEELS: '' }).stdout).toBe(path.join(entry(version), 'torch'))
      rmSync(entry(version), { recursive: true })
    }
  })
})

describe('A LibTorch is refused, with the reason,', () => {
  test('when LIBTORCH names one that cannot be used: nothing else is tried', () => {
    const setUp = new SetUp()
    const python = makeLibTorch(path.join(setUp.folder, 'python'))
    const { status, stdout, stderr } = setUp.findLibTorch({ LIBTORCH: '/nowhere', FAKE_TORCH: python })
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain('LIBTORCH cannot be used: there is no folder /nowhere. ')
    expect(setUp.findLibTorch({ LIBTORCH: setUp.folder }).stderr).toContain(
      `LIBTORCH cannot be used: ${setUp.folder} has no include/torch`,
    )
  })

  test.each([
    ['of another version', { version: '2.4.1' }, /is version 2\.4\.1; 2\.13 or 2\.14 is needed/],
    ['that does not load', { loads: false }, /does not load: .*(file too short|invalid ELF|not a mach-o)/],
    ['of the other build', { cuda: true }, /is a cuda build; a cpu build was asked for/],
  ])('%s', (_, kind, reason) => {
    const setUp = new SetUp()
    const LIBTORCH = makeLibTorch(path.join(setUp.folder, 'named'), kind)
    expect(setUp.findLibTorch({ LIBTORCH })).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(reason),
    })
  })
})

test('Where none is found, one message tells every place and what helps', () => {
  const setUp = new SetUp()
  const code = `
    import { findLibTorch } from './libtorch/find.mjs'
    import { fromCache } from './libtorch/from-cache.mjs'
    import { fromEnvironment } from './libtorch/from-environment.mjs'
    import { fromPip } from './libtorch/from-pip.mjs'
    import { fromPython } from './libtorch/from-python.mjs'
    import { readOptions } from './options.mjs'
    const options = readOptions(['--libtorch', 'cpu'], process.env)
    // Not the archive: tests ask nothing of the network.
    const places = [fromEnvironment, fromPython, fromCache, fromPip]
    await findLibTorch(options, places).catch((error) => console.log(error.message))
  `
  const old = makeLibTorch(path.join(setUp.folder, 'old'), { version: '2.1.0' })
  const { stdout } = setUp.script(code, { FAKE_TORCH: old })
  for (const line of [
    'LIBTORCH: not set',
    `Python's torch: ${old} is version 2.1.0; 2.13 or 2.14 is needed`,
    `the cache: nothing that fits in ${setUp.cache}`,
    `pip download ${CPU}: No matching distribution found for ${CPU}`,
    `pip download ${CPU} from https://download.pytorch.org/whl/cpu: No matching distribution found for ${CPU}`,
    'pip download torch==2.13.0: No matching distribution found for torch==2.13.0',
    'pip download torch>=2.13,<2.15: No matching distribution found for torch>=2.13,<2.15',
    'LIBTORCH=<folder>',
    'python3 -m pip install torch==2.13.0',
  ]) {
    expect(stdout).toContain(line)
  }
  expect(readdirSync(setUp.cache)).toEqual([])
})

const onLinux = (name: string, run: () => void) =>
  process.platform === 'linux'
    ? test(name, run)
    : test.skip(`${name} (skipped: CUDA wheels are for Linux)`, run)

onLinux('A CUDA wheel that lacks its libraries gets those that its metadata names', () => {
  const setUp = new SetUp()
  const contents = path.join(setUp.folder, 'contents')
  const torch = makeLibTorch(path.join(contents, 'torch'), { cuda: true, loads: false })
  makeLibrary(path.join(torch, 'lib/libtorch.later'))
  const info = path.join(contents, 'torch-2.13.0.dist-info')
  mkdirSync(info)
  writeFileSync(
    path.join(info, 'METADATA'),
    `Name: torch
Requires-Dist: filelock
Requires-Dist: cuda-toolkit[cublas,cudart]==13.0.2; platform_system == "Linux"
Requires-Dist: nvidia-cudnn-cu13==9.20.0.48; platform_system == "Linux"
Requires-Dist: triton==3.7.0; platform_system == "Linux"
`,
  )
  setUp.wheel('torch==2.13.0', contents)
  const { stdout, stderr, calls } = setUp.run(['--print-libtorch', '--libtorch', 'cuda'])
  expect(stderr).toContain('fetching the CUDA libraries')
  expect(stdout).toBe(path.join(setUp.cache, 'libtorch-2.13.0-cuda/torch'))
  const install = calls.find((call) => call.includes('pip install'))
  expect(install).toMatch(/ cuda-toolkit\[cublas,cudart\]==13\.0\.2 nvidia-cudnn-cu13==9\.20\.0\.48$/)
})

test('A cached LibTorch that was damaged is fetched again', () => {
  const setUp = new SetUp()
  const cached = makeLibTorch(path.join(setUp.cache, 'libtorch-2.13.0-cpu/torch'))
  renameSync(path.join(cached, 'lib'), path.join(cached, 'gone'))
  const contents = path.join(setUp.folder, 'contents')
  makeLibTorch(path.join(contents, 'torch'))
  setUp.wheel(CPU, contents)
  expect(setUp.findLibTorch().stdout).toBe(cached)
  expect(existsSync(path.join(cached, 'gone'))).toBe(false)
})

test('Without Python on the PATH, CMake unpacks', () => {
  const setUp = new SetUp()
  const contents = path.join(setUp.folder, 'contents')
  makeLibTorch(path.join(contents, 'libtorch'))
  setUp.wheel('libtorch', contents)
  const tools = path.join(setUp.folder, 'tools')
  mkdirSync(tools)
  const cmake = spawnSync('sh', ['-c', 'command -v cmake'], { encoding: 'utf8' }).stdout.trim()
  symlinkSync(cmake, path.join(tools, 'cmake'))
  const target = path.join(setUp.folder, 'target')
  mkdirSync(target)
  const code = `
    import { unzip } from './libtorch/unzip.mjs'
    unzip('${path.join(setUp.wheels, 'libtorch.whl')}', '${target}')
  `
  expect(setUp.script(code, { PATH: tools })).toMatchObject({ status: 0, stderr: '' })
  expect(readdirSync(path.join(target, 'libtorch'))).toContain('include')
})
