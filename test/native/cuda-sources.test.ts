import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { type CudaUnit, compileCuda, describeWithNvrtc } from '../support/nvrtc'

const folder = path.resolve(__dirname, '../../native/core/cuda')
const files = readdirSync(folder)
  .filter((name) => /\.(h|cpp)$/.test(name))
  .map((name) => readFileSync(path.join(folder, name), 'utf8'))

/** CUDA C++ by the name that C++ has for it, kActivationSource and the like. */
const sources = new Map(
  files.flatMap((text) =>
    [...text.matchAll(/Source (k\w+)\{[^,]*, R"cuda\((.*?)\)cuda"/gs)].map(([, name = '', source = '']) => [
      name,
      source,
    ]),
  ),
)

/** The kernels that C++ asks of it. */
const kernelsOf = (name: string) =>
  files.flatMap((text) =>
    [...text.matchAll(/\bkernel\((k\w+), [^"]*"(\w+)"\)/g)]
      .filter(([, source]) => source === name)
      .map(([, , kernel = '']) => kernel),
  )

/** As rectified_layers.cpp chooses them: a load of 16 bytes, or of one channel where their number does not allow that. */
const values = ['FLOAT32 4', 'FLOAT32 1', 'BFLOAT16 8', 'BFLOAT16 1', 'FLOAT16 8', 'FLOAT16 1'].map(
  (text) => {
    const [type = '', lanes] = text.split(' ')
    return [type, `LANES=${lanes}`]
  },
)
const WINDOWS = [
  [3, 5, 17],
  [1, 2, 2],
  [2, 2, 2],
]

const activations = (macros: string[], kernels: string[]): CudaUnit => ({
  source: sources.get('kActivationSource') ?? '',
  macros,
  kernels,
})

describeWithNvrtc('what GPUs are given to compile', () => {
  test('is found, with its kernels', () => {
    expect([...sources.keys()].sort()).toEqual(['kActivationSource', 'kSgdSource'])
    expect(kernelsOf('kSgdSource')).toEqual(['sgdUpdate'])
    expect(kernelsOf('kActivationSource').sort()).toEqual([
      'poolGradient',
      'rectify',
      'rectifyAndPool',
      'rectifyGradient',
      'sumWinners',
    ])
  })

  test('compiles for every type of values and every window, without a warning', () => {
    const units = [
      ...values.map((macros) => activations(macros, ['rectify', 'rectifyGradient'])),
      ...values.flatMap((macros) =>
        WINDOWS.map(([kt, kh, kw]) =>
          activations([...macros, `KT=${kt}`, `KH=${kh}`, `KW=${kw}`], kernelsOf('kActivationSource')),
        ),
      ),
      { source: sources.get('kSgdSource') ?? '', macros: [], kernels: kernelsOf('kSgdSource') },
    ]
    const { results } = compileCuda(units)
    expect(results).toHaveLength(units.length)
    for (const result of results) expect(result).toEqual({ error: 0, log: '', missing: [] })
  })

  test('is refused where it is not CUDA C++', () => {
    const { source, macros } = activations(['FLOAT32', 'LANES=4'], [])
    const [broken] = compileCuda([{ source: `${source}}`, macros, kernels: [] }]).results
    expect(broken?.error).not.toBe(0)
    expect(broken?.log).toContain('error:')
  })
})
