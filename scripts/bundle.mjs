// Makes the two files that Node loads of lib/: dist/index.js and dist/cli.js. A few hundred small files take several
// times as long to load, and so does zod as it comes for CommonJS, with its messages in fifty languages: it is taken in,
// as far as it is used, which is why lib/ imports it as `* as z`. Dependencies stay packages beside this one.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')

const { dependencies, optionalDependencies, engines } = JSON.parse(
  readFileSync(path.join(ROOT, 'package.json'), 'utf8'),
)
const licence = readFileSync(path.join(ROOT, 'node_modules/zod/LICENSE'), 'utf8')

await build({
  absWorkingDir: ROOT,
  entryPoints: { index: 'lib/index.ts', cli: 'lib/cli/main.ts' },
  outdir: 'dist',
  bundle: true,
  external: Object.keys({ ...dependencies, ...optionalDependencies }).filter((name) => name !== 'zod'),
  format: 'cjs',
  platform: 'node',
  target: `node${engines.node.replace('>=', '')}`,
  sourcemap: true,
  keepNames: true, // else C3D would be shown as _C3D
  footer: { js: `/*! Parts are zod's.\n${licence}*/` },
  logLevel: 'warning',
})
