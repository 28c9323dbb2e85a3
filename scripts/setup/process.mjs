import { spawnSync } from 'node:child_process'

/**
 * Runs a command to its end and keeps what it prints.
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 */
export function capture(command, args, options = {}) {
  const result = spawnSync(command, args, { maxBuffer: 64 << 20, ...options, encoding: 'utf8' })
  return {
    ok: result.status === 0,
    /** The command itself is not there. */
    missing: result.error !== undefined && 'code' in result.error && result.error.code === 'ENOENT',
    stdout: (result.stdout ?? '').trim(),
    stderr: (result.stderr ?? '').trim() || (result.error?.message ?? ''),
  }
}

/**
 * Runs a command whose output the person wants to see.
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 * @returns {boolean} whether it succeeded
 */
export function show(command, args, options = {}) {
  return spawnSync(command, args, { ...options, stdio: ['ignore', 2, 2] }).status === 0
}
