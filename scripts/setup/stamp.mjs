import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'

/** What a build is made from, besides what `settings` tells. */
const INPUTS = ['CMakeLists.txt', 'cmake', 'native']
const PACKAGES = ['node-addon-api', 'cmake-js']

/**
 * Changes whenever a build would come out differently.
 * @param {string} root
 * @param {unknown} settings
 */
export function buildStamp(root, settings) {
  const hash = createHash('sha256').update(JSON.stringify(settings))
  for (const file of INPUTS.flatMap((input) => filesIn(path.join(root, input)))) {
    hash.update(`\0${path.relative(root, file)}\0`).update(fs.readFileSync(file))
  }
  for (const name of PACKAGES) hash.update(`\0${name}\0${packageVersion(root, name)}`)
  return hash.digest('hex')
}

/**
 * @param {string} input a file or folder
 * @returns {string[]} in an order that does not depend on the file system
 */
function filesIn(input) {
  if (!fs.statSync(input).isDirectory()) return [input]
  const names = fs.readdirSync(input).sort()
  return names.flatMap((name) => filesIn(path.join(input, name)))
}

/**
 * Where it is depends on how the package is installed: beside this one, or inside of it.
 * @param {string} root
 * @param {string} name
 */
function packageVersion(root, name) {
  for (let folder = root; ; folder = path.dirname(folder)) {
    const file = path.join(folder, 'node_modules', name, 'package.json')
    if (fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, 'utf8')).version
    if (folder === path.dirname(folder)) return ''
  }
}
