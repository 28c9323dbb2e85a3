// Prints the paths of one part of native/sources.json, for binding.gyp:
//   list-sources.mjs <key or folder> [--without <folder>]
import fs from 'node:fs'

const [part = '', , without] = process.argv.slice(2)
/** @type {Record<string, string[]>} */
const parts = JSON.parse(fs.readFileSync(new URL('../../native/sources.json', import.meta.url), 'utf8'))
const [key = ''] = part.split('/')
const paths = (parts[key] ?? []).filter((path) => part === key || path.startsWith(`${part}/`))
console.log(
  paths
    .filter((path) => !without || !path.startsWith(`${without}/`))
    .map((path) => `native/${path}`)
    .join('\n'),
)
