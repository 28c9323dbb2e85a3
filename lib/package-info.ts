import { readFileSync } from 'node:fs'
import path from 'node:path'

/** The package's folder; the same for lib/ and for the compiled dist/. */
export const packageRoot = path.resolve(__dirname, '..')

const manifest = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8')) as {
  version: string
}

export const packageVersion = manifest.version
