import fs from 'node:fs'
import path from 'node:path'
import { isSupported, VERSION } from './release.mjs'

/** @typedef {import('./find.mjs').FoundLibTorch} FoundLibTorch */

/**
 * Where a fetched build is kept. A wheel unpacks to a folder torch/, the archive to libtorch/; what a wheel depends on
 * lies beside it.
 * @param {string} cache
 * @param {import('./inspect.mjs').LibTorch} libtorch
 */
function entryFolder(cache, { version, build }) {
  const [release] = version.split('+')
  return path.join(cache, `libtorch-${release}-${build}`)
}

/**
 * The entries that will do: of the better build first, of each build the release that is fetched and then the newest.
 * @param {string} cache
 * @param {import('../options.mjs').Build[]} builds The better one first.
 */
export function findEntries(cache, builds) {
  const names = fs.existsSync(cache) ? fs.readdirSync(cache) : []
  return builds.flatMap((build) => {
    const entry = new RegExp(`^libtorch-(.+)-${build}$`)
    const versions = names.map((name) => name.match(entry)?.[1] ?? '').filter(isSupported)
    return versions.sort(preferred).map((version) => path.join(cache, `libtorch-${version}-${build}`))
  })
}

/** @param {string} a @param {string} b */
function preferred(a, b) {
  return Number(b === VERSION) - Number(a === VERSION) || b.localeCompare(a, 'en', { numeric: true })
}

/**
 * The folder with include/ and lib/ inside of an entry.
 * @param {string} entry
 */
export function libtorchIn(entry) {
  const wheel = path.join(entry, 'torch')
  return fs.existsSync(wheel) ? wheel : path.join(entry, 'libtorch')
}

/**
 * Fills an entry beside its place and moves it there when it is whole, so that what is in the cache is never half
 * there, whatever ends the set-up.
 * @param {string} cache
 * @param {(folder: string) => Promise<FoundLibTorch | undefined>} fill
 * @returns {Promise<FoundLibTorch | undefined>}
 */
export async function addEntry(cache, fill) {
  fs.mkdirSync(cache, { recursive: true })
  const partial = fs.realpathSync(fs.mkdtempSync(path.join(cache, 'partial-')))
  try {
    const filled = await fill(partial)
    if (!filled) return undefined
    const entry = entryFolder(cache, filled)
    fs.rmSync(entry, { recursive: true, force: true })
    fs.renameSync(partial, entry)
    return { ...filled, path: path.join(entry, path.relative(partial, filled.path)) }
  } finally {
    fs.rmSync(partial, { recursive: true, force: true })
  }
}
