import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { fromArchive } from '../../scripts/setup/libtorch/from-archive.mjs'
import { readOptions } from '../../scripts/setup/options.mjs'
import { temporaryFolder } from '../support/temporary'
import { makeLibTorch } from './fake-libtorch'

const folder = temporaryFolder()
const archive = makeArchive()
const sha256 = createHash('sha256').update(archive).digest('hex')

let server: http.Server
let url: string

beforeAll(async () => {
  jest.spyOn(console, 'error').mockImplementation(() => {})
  server = http.createServer((request, response) => {
    if (request.url !== '/libtorch.zip') response.writeHead(404)
    response.end(archive)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(async () => {
  jest.restoreAllMocks()
  await new Promise((done) => server.close(done))
})

test('The archive with the pinned checksum is unpacked into the cache', async () => {
  const { found, cache } = await look({ url: `${url}/libtorch.zip`, sha256 })
  expect(found).toMatchObject({ path: path.join(cache, 'libtorch-2.13.0-cpu/libtorch'), version: '2.13.0' })
  expect(readdirSync(path.join(cache, 'libtorch-2.13.0-cpu'))).toEqual(['libtorch'])
})

test.each([
  [
    'whose checksum is another',
    '/libtorch.zip',
    'f'.repeat(64),
    /its SHA-256 is [0-9a-f]{64}, expected f{64}/,
  ],
  ['that the server does not have', '/other.zip', sha256, /the server answered 404/],
])('An archive %s is refused and leaves nothing behind', async (_, file, expected, reason) => {
  const { found, refusals, cache } = await look({ url: url + file, sha256: expected })
  expect(found).toBeUndefined()
  expect(refusals.join('\n')).toMatch(reason)
  expect(readdirSync(cache)).toEqual([])
})

test('Where no archive is pinned, nothing is fetched', async () => {
  const { found, refusals } = await look(undefined)
  expect(found).toBeUndefined()
  expect(refusals.join('\n')).toMatch(/official archive: none is pinned for the cpu build/)
})

async function look(source: { url: string; sha256: string } | undefined) {
  const cache = path.join(temporaryCache(), 'cache')
  const options = readOptions(['--libtorch', 'cpu'], { TORCH_C3D_CACHE: cache })
  const refusals: string[] = []
  const refuse = (place: string, reason: string) => refusals.push(`${place}: ${reason}`)
  const found = await fromArchive({ options, builds: ['cpu'], refuse }, () => source)
  return { found, refusals, cache }
}

let caches = 0
function temporaryCache() {
  caches += 1
  return path.join(folder, String(caches))
}

function makeArchive() {
  makeLibTorch(path.join(folder, 'libtorch'))
  spawnSync('python3', ['-m', 'zipfile', '-c', 'libtorch.zip', 'libtorch/'], { cwd: folder })
  return readFileSync(path.join(folder, 'libtorch.zip'))
}
