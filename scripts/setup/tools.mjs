import { capture } from './process.mjs'
import { SetupError } from './report.mjs'

const INSTALL = `Debian, Ubuntu: apt-get install build-essential cmake
  Fedora:         dnf install gcc-c++ make cmake
  macOS:          xcode-select --install && brew install cmake`

/** The build would say the same much later and less clearly. */
export function requireBuildTools() {
  const missing = [cmakeProblem(), compilerProblem(), makeProblem()].filter((problem) => problem !== '')
  if (missing.length > 0) {
    throw new SetupError(
      `the addon cannot be built: ${missing.join(' ')} Install what is missing:\n  ${INSTALL}`,
    )
  }
}

function cmakeProblem() {
  const { ok, stdout } = capture('cmake', ['--version'])
  if (!ok) return 'CMake is not there.'
  const [major = 0, minor = 0] = (stdout.match(/\d+/g) ?? []).map(Number)
  return major > 3 || (major === 3 && minor >= 22)
    ? ''
    : `CMake must be 3.22 or later; it is ${major}.${minor}.`
}

function compilerProblem() {
  const compilers = process.env.CXX ? [process.env.CXX] : ['c++', 'g++', 'clang++']
  const found = compilers.some((compiler) => !capture(compiler, ['--version']).missing)
  return found ? '' : `A C++ compiler is not there (looked for ${compilers.join(', ')}).`
}

/** What CMake has the compiler called by. */
function makeProblem() {
  const found = ['make', 'ninja'].some((tool) => !capture(tool, ['--version']).missing)
  return found || process.platform === 'win32' ? '' : 'Neither make nor ninja is there.'
}
