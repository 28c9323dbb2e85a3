import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { temporaryFolder } from '../support/temporary'

const root = path.resolve(__dirname, '../..')
const folders = temporaryFolder()

/** The set-up as a child process in a world of its own: an empty cache, and what a test puts on its PATH. */
export class SetUp {
  readonly folder = mkdtempSync(path.join(folders, 'set-up-'))
  readonly cache = path.join(this.folder, 'cache')
  private readonly bin = path.join(this.folder, 'bin')
  private readonly log = path.join(this.folder, 'log')
  readonly wheels = path.join(this.folder, 'wheels')
  private readonly realPython = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], {
    encoding: 'utf8',
  }).stdout.trim()

  constructor() {
    for (const folder of [this.bin, this.wheels]) mkdirSync(folder)
    writeFileSync(this.log, '')
    symlinkSync(path.join(__dirname, 'fake-python3.sh'), path.join(this.bin, 'python3'))
  }

  /** Puts a shell script before everything else on the PATH. */
  command(name: string, script: string) {
    const file = path.join(this.bin, name)
    writeFileSync(file, `#!/bin/sh\necho "${name} $*" >>"$FAKE_LOG"\n${script}\n`)
    chmodSync(file, 0o755)
  }

  /** What pip gives for a requirement: the contents of `folder`. */
  wheel(requirement: string, folder: string) {
    const file = path.join(this.wheels, `${requirement}.whl`)
    spawnSync(this.realPython, ['-m', 'zipfile', '-c', file, '.'], { cwd: folder })
  }

  /** Runs scripts/setup.mjs. */
  run(args: string[], env: Record<string, string> = {}) {
    return this.node([path.join(root, 'scripts/setup.mjs'), ...args], env)
  }

  findLibTorch(env: Record<string, string> = {}) {
    return this.run(['--print-libtorch', '--libtorch', 'cpu'], env)
  }

  /** Runs a piece of ES module code, in which scripts/setup is the current folder. */
  script(code: string, env: Record<string, string> = {}) {
    return this.node(['--input-type=module', '-e', code], env)
  }

  private node(args: string[], env: Record<string, string>) {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: path.join(root, 'scripts/setup'),
      encoding: 'utf8',
      env: {
        PATH: `${this.bin}${path.delimiter}${process.env.PATH}`,
        HOME: this.folder,
        TORCH_C3D_CACHE: this.cache,
        FAKE_LOG: this.log,
        FAKE_WHEELS: this.wheels,
        REAL_PYTHON: this.realPython,
        ...env,
      },
    })
    const calls = readFileSync(this.log, 'utf8').trim().split('\n')
    return { status, stdout: stdout.trim(), stderr: stderr.trim(), calls }
  }
}
