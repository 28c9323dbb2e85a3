const { mkdtempSync } = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')

/** Tests keep what the package caches in a folder of their own, and so do their child processes. */
module.exports = () => {
  process.env.TORCH_C3D_CACHE = mkdtempSync(path.join(tmpdir(), 'torch-c3d-test-cache-'))
}
