import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'

export interface PythonEnvironment {
  /** For a child process, so that python3 finds torch and what it needs. */
  variables: { PYTHONPATH: string }
  /** Why PyTorch cannot be asked; undefined when it can. */
  problem: string | undefined
}

let environment: PythonEnvironment | undefined

/** Python with the PyTorch of the LibTorch that the addon was built with; see scripts/prepare-tests.mjs. */
export function pythonEnvironment(): PythonEnvironment {
  environment ??= find()
  return environment
}

function find(): PythonEnvironment {
  const PYTHONPATH = pythonPath()
  const variables = { PYTHONPATH }
  const answer = spawnSync('python3', ['-c', 'import torch, numpy'], {
    env: { ...process.env, ...variables },
    encoding: 'utf8',
  })
  const reason = answer.error?.message ?? answer.stderr?.trim().split('\n').at(-1)
  return { variables, problem: answer.status === 0 ? undefined : `python3 cannot import torch: ${reason}` }
}

function pythonPath(): string {
  const file = path.resolve(__dirname, '../../build/python-path.json')
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as string[]).join(path.delimiter)
  } catch {
    return process.env.PYTHONPATH ?? ''
  }
}

/** A describe block that is skipped, with the reason in its name, where PyTorch cannot be asked. */
export function describeWithPyTorch(name: string, tests: () => void): void {
  const { problem } = pythonEnvironment()
  if (problem === undefined) describe(name, tests)
  else describe.skip(`${name} (skipped: ${problem})`, tests)
}
