import fs from 'node:fs'
import path from 'node:path'

/**
 * What the last set-up chose, kept in build/setup.json: for the next set-up, and for tests that need to know.
 * @typedef {object} SetupRecord
 * @property {string} stamp
 * @property {import('./libtorch/find.mjs').FoundLibTorch} libtorch
 * @property {import('./media-libraries.mjs').MediaLibraries} media
 */

/** @param {string} root */
function recordFile(root) {
  return path.join(root, 'build/setup.json')
}

/**
 * @param {string} root
 * @returns {SetupRecord | undefined}
 */
export function readRecord(root) {
  try {
    return JSON.parse(fs.readFileSync(recordFile(root), 'utf8'))
  } catch {
    return undefined
  }
}

/**
 * @param {string} root
 * @param {SetupRecord} record
 */
export function writeRecord(root, record) {
  fs.mkdirSync(path.dirname(recordFile(root)), { recursive: true })
  fs.writeFileSync(recordFile(root), `${JSON.stringify(record, null, 2)}\n`)
}
