import { mkdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { C3DError, messageOf, systemCode } from '../native/errors'

/**
 * Makes a folder and those above it, where they are missing. Node's own recursive mkdir tries again for ever where a
 * file system has the folder above but makes none in it, as /proc.
 *
 * @throws C3D_FILE
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    const missing: string[] = []
    for (let next = path.resolve(folder); !(await isThere(next)); next = path.dirname(next))
      missing.push(next)
    for (const each of missing.reverse()) await makeOne(each)
  } catch (error) {
    throw new C3DError('C3D_FILE', `Cannot make the folder '${folder}': ${messageOf(error)}`, {
      cause: error,
    })
  }
}

async function isThere(file: string): Promise<boolean> {
  try {
    const found = await stat(file)
    if (found.isDirectory()) return true
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw error
  }
  throw new Error(`'${file}' is no folder`)
}

async function makeOne(folder: string): Promise<void> {
  await mkdir(folder).catch((error) => {
    // Another process may have made it meanwhile.
    if (systemCode(error) !== 'EEXIST') throw error
  })
}
