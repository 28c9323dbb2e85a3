// What `npm test` needs besides the build: folders from which Python imports the torch that the addon was built with,
// for the parity tests, as a list in build/python-path.json. Without it the parity tests are skipped and say so.
import fs from 'node:fs'
import path from 'node:path'
import { readOptions } from './setup/options.mjs'
import { findParityPython } from './setup/parity-python.mjs'
import { readRecord } from './setup/record.mjs'
import { say } from './setup/report.mjs'

const options = readOptions([], process.env)
const file = path.join(options.root, 'build/python-path.json')
const libtorch = readRecord(options.root)?.libtorch.path ?? ''

if (!isUpToDate()) {
  fs.rmSync(file, { force: true })
  const { folders, problem } = findParityPython(libtorch, options)
  if (problem) say(`the parity tests will be skipped: ${problem}`)
  else fs.writeFileSync(file, `${JSON.stringify(folders, null, 2)}\n`)
}

function isUpToDate() {
  if (!fs.existsSync(file)) return false
  /** @type {string[]} */
  const folders = JSON.parse(fs.readFileSync(file, 'utf8'))
  return folders.includes(path.dirname(libtorch)) && folders.every((folder) => fs.existsSync(folder))
}
