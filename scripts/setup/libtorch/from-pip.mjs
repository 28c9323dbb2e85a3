import fs from 'node:fs'
import path from 'node:path'
import { capture } from '../process.mjs'
import { say } from '../report.mjs'
import { addEntry, libtorchIn } from './cache.mjs'
import { bringCudaLibraries } from './cuda-libraries.mjs'
import { judge } from './judge.mjs'
import { pipRequests } from './release.mjs'
import { unzip } from './unzip.mjs'

/** @param {import('./find.mjs').Search} search */
export async function fromPip(search) {
  const pip = capture('python3', ['-m', 'pip', '--version'])
  if (!pip.ok) {
    search.refuse('pip', pip.missing ? 'no python3 on the PATH' : 'python3 has no module pip')
    return undefined
  }
  for (const request of search.builds.flatMap(pipRequests)) {
    const found = await addEntry(search.options.cache, (folder) => fetch(search, request, folder))
    if (found) return found
  }
  return undefined
}

/**
 * @param {import('./find.mjs').Search} search
 * @param {{ requirement: string, index?: string }} request
 * @param {string} folder
 */
async function fetch(search, { requirement, index }, folder) {
  const place = `pip download ${requirement}${index ? ` from ${index}` : ''}`
  say(`${place} (this takes a while)`)
  const extra = index ? ['--extra-index-url', index] : []
  const { ok, stderr } = capture('python3', [
    ...['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--progress-bar=off', '--quiet'],
    ...['--dest', folder, ...extra, requirement],
  ])
  const wheel = ok ? fs.readdirSync(folder).find((name) => name.endsWith('.whl')) : undefined
  if (!wheel) {
    search.refuse(place, lastError(stderr))
    return undefined
  }
  unzip(path.join(folder, wheel), folder)
  fs.rmSync(path.join(folder, wheel))
  bringCudaLibraries(folder)
  return judge(search, place, libtorchIn(folder))
}

/**
 * pip ends with an ERROR line that says what it found; before it come many lines about every try to connect.
 * @param {string} stderr
 */
function lastError(stderr) {
  const errors = stderr.split('\n').filter((line) => line.startsWith('ERROR: '))
  return errors[0]?.slice('ERROR: '.length) ?? stderr.split('\n').at(-1) ?? 'failed'
}
