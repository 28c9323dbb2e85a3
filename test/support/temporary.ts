import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A new folder that is removed when the test file is done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'torch-c3d-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
