import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { temporaryFolder } from '../support/temporary'

const root = path.resolve(__dirname, '../..')
const folder = temporaryFolder()

/** Of a program in a process of its own, in the package's folder. */
function outputOf(args: string[]): string {
  const child = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  expect({ status: child.status, stderr: child.stderr }).toEqual({ status: 0, stderr: '' })
  return child.stdout
}

const printLoaded = `process.on('exit', () => console.log(JSON.stringify(Object.keys(require.cache))))`

/** The package's own files that a program has loaded, and names of others' packages. */
function loadedBy(args: string[]): string[] {
  const preload = path.join(folder, 'print-loaded.cjs')
  writeFileSync(preload, printLoaded)
  const lines = outputOf(['--require', preload, ...args])
    .trimEnd()
    .split('\n')
  const files = (JSON.parse(lines.at(-1) ?? '') as string[]).filter((file) => file !== preload)
  const names = files.map((file) => {
    const within = path.relative(root, file)
    return /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(within)?.[1] ?? within
  })
  return [...new Set(names)].sort()
}

test('require loads one file: no other package, and the addon with LibTorch when it is first needed', () => {
  expect(loadedBy(['-e', `require('torch-c3d')`])).toEqual(['dist/index.js'])
  expect(loadedBy(['-e', `require('torch-c3d').runtime.memory()`])).toEqual([
    'build/Release/torch_c3d.node',
    'dist/index.js',
  ])
})

test('the command loads its parser beside itself, no progress bar before there is progress to show', () => {
  expect(loadedBy(['dist/cli.js', '--help'])).toEqual(['commander', 'dist/cli.js'])
})

test.each(['index.js', 'cli.js'])(
  '%s has of zod what is used, not its messages in other languages',
  (name) => {
    const parts = readFileSync(path.join(root, 'dist', name), 'utf8').matchAll(/^\/\/ node_modules\/(\S+)$/gm)
    const files = Array.from(parts, ([, file]) => file ?? '')
    expect(files.every((file) => file.startsWith('zod/'))).toBe(true)
    expect(files.filter((file) => file.includes('/locales/'))).toEqual(['zod/v4/locales/en.js'])
  },
)

test('import finds all names that require has', () => {
  const names = outputOf([
    '-e',
    `console.log(JSON.stringify(Object.keys(require('torch-c3d')).sort()))`,
  ]).trim()
  const script = path.join(folder, 'names.mjs')
  writeFileSync(
    script,
    `import { createRequire } from 'node:module'
     import { pathToFileURL } from 'node:url'
     const file = createRequire(${JSON.stringify(path.join(root, 'package.json'))}).resolve('torch-c3d')
     const { default: whole, 'module.exports': same, ...names } = await import(pathToFileURL(file))
     console.log(JSON.stringify(Object.keys(names).sort()))`,
  )
  expect(JSON.parse(names)).toContain('C3D')
  expect(outputOf([script]).trim()).toBe(names)
})

test('functions and classes have the names that they are exported by', () => {
  const script = `
    const named = Object.entries(require('torch-c3d')).filter(([, value]) => typeof value === 'function')
    console.log(JSON.stringify(named.map(([name, { name: own }]) => [name, own])))`
  const names = JSON.parse(outputOf(['-e', script])) as [string, string][]
  expect(names.length).toBeGreaterThan(20)
  expect(names.filter(([name, own]) => own !== name)).toEqual([])
})

test('the built package finds the packages that some of its functions need', () => {
  const script = `
    const { loadFeatures, mapFeatures, saveFeatures, saveGradCam, FeatureSet, VideoDataset } = require('torch-c3d')
    const { writeFileSync } = require('node:fs')
    const path = require('node:path')
    const at = (name) => path.join(process.argv[1], name)
    const rows = Array.from({ length: 8 }, (_, i) => ({ path: 'v' + i, label: 'a', group: i }))
    const data = Float32Array.from({ length: 16 }, (_, i) => (i * 37) % 16)
    const clip = { data: new Uint8Array(2 * 8 * 8 * 3).fill(9), shape: [2, 8, 8, 3] }
    const volume = { data: new Float32Array(2 * 8 * 8).fill(1), shape: [2, 8, 8] }
    const times = { start: 0, end: 2, startSeconds: 0, endSeconds: 1 }
    const cam = { ...times, video: 'v', layer: 'conv', label: 'a', probability: 1, clip, map: volume, heat: volume }
    async function main() {
      await saveFeatures(at('rows.npz'), new FeatureSet({ data, rows, classes: ['a'], layer: 'fc6' })) // fflate
      const read = await loadFeatures(at('rows.npz'))
      const map = await mapFeatures(read, { passes: 2 }) // umap-js
      await saveGradCam(at('cam.gif'), cam) // gifenc
      await saveGradCam(at('cam.png'), cam) // pngjs
      writeFileSync(at('list.csv'), 'path,label\\ngone.mp4,a\\n')
      const code = await VideoDataset.open(at('list.csv')).catch((error) => error.code) // csv-parse
      console.log(JSON.stringify({ points: map.points.length, code }))
    }
    main()`
  expect(JSON.parse(outputOf(['-e', script, folder]))).toEqual({ points: 8, code: 'C3D_EMPTY_DATASET' })
  expect(readFileSync(path.join(folder, 'cam.gif'), 'latin1').slice(0, 6)).toBe('GIF89a')
  expect(existsSync(path.join(folder, 'cam.png'))).toBe(true)
})
