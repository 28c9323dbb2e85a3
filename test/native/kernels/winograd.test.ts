import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { temporaryFolder } from '../../support/temporary'

/** A line of winograd-checks.cpp: errors against plain sums as parts of their norms. */
interface Outcome {
  lanes: number
  stored: 'float' | 'bfloat16'
  shape: string
  output: number
  inputGradient: number
  weightGradient: number
  nanStays: boolean
}

const root = path.resolve(__dirname, '../../..')
const folder = temporaryFolder()
const describeOnX86 = process.arch === 'x64' ? describe : describe.skip

describeOnX86('Winograd’s convolutions against plain sums (x86 only)', () => {
  let outcomes: Outcome[] = []

  beforeAll(() => {
    const program = path.join(folder, 'winograd-checks')
    const flags = ['-std=c++20', '-O1', '-fsanitize=address', '-Wall', '-Wextra', '-Werror', '-Wno-psabi']
    const source = path.join(__dirname, 'winograd-checks.cpp')
    const include = path.join(root, 'native')
    execFileSync(process.env.CXX ?? 'c++', [...flags, '-I', include, source, '-o', program])
    const lines = execFileSync(program, { encoding: 'utf8' }).trim().split('\n')
    outcomes = lines.filter(Boolean).map((line) => JSON.parse(line) as Outcome)
  }, 180_000)

  test.each([
    { lanes: 8, stored: 'float', rounding: 2e-6 },
    { lanes: 8, stored: 'bfloat16', rounding: 2e-3 },
    { lanes: 16, stored: 'float', rounding: 2e-6 },
    { lanes: 16, stored: 'bfloat16', rounding: 2e-3 },
  ])('vectors of $lanes floats, values stored as $stored', ({ lanes, stored, rounding }) => {
    const some = outcomes.filter((outcome) => outcome.lanes === lanes && outcome.stored === stored)
    // None where the processor has no AVX2.
    expect(some.length).toBe(outcomes.length / 4)
    const right = (outcome: Outcome) =>
      outcome.output < rounding &&
      outcome.inputGradient < rounding &&
      // Summed up and kept in float32.
      outcome.weightGradient < 2e-6 &&
      outcome.nanStays
    expect(some.filter((outcome) => !right(outcome))).toEqual([])
  })
})
