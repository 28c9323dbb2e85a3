import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { say } from '../report.mjs'
import { addEntry, libtorchIn } from './cache.mjs'
import { judge } from './judge.mjs'
import { archiveFor } from './release.mjs'
import { unzip } from './unzip.mjs'

/**
 * @param {import('./find.mjs').Search} search
 * @param {typeof archiveFor} [archive]
 */
export async function fromArchive(search, archive = archiveFor) {
  for (const build of search.builds) {
    const source = archive(build)
    if (!source) {
      search.refuse(
        'the official archive',
        `none is pinned for the ${build} build on ${process.platform}-${process.arch}`,
      )
      continue
    }
    const found = await addEntry(search.options.cache, async (folder) => {
      const file = path.join(folder, 'libtorch.zip')
      say(`downloading ${source.url} (this takes a while)`)
      const problem = await download(source, file)
      if (problem !== '') {
        search.refuse(source.url, problem)
        return undefined
      }
      unzip(file, folder)
      fs.rmSync(file)
      return judge(search, source.url, libtorchIn(folder))
    })
    if (found) return found
  }
  return undefined
}

/**
 * @param {{ url: string, sha256: string }} source
 * @param {string} file
 * @returns {Promise<string>} why it failed; '' when the file is there and is the one that was pinned
 */
async function download({ url, sha256 }, file) {
  const hash = createHash('sha256')
  const hashing = new Transform({
    transform(chunk, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  try {
    const response = await fetch(url)
    if (!response.ok || !response.body) return `the server answered ${response.status} ${response.statusText}`
    await pipeline(Readable.fromWeb(response.body), hashing, fs.createWriteStream(file))
  } catch (error) {
    const { message, cause } = /** @type {Error & { cause?: Error }} */ (error)
    return cause?.message ?? message
  }
  const got = hash.digest('hex')
  return got === sha256 ? '' : `its SHA-256 is ${got}, expected ${sha256}`
}
