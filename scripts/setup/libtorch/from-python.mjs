import { capture } from '../process.mjs'
import { judge } from './judge.mjs'

const PLACE = "Python's torch"

// Asks where `import torch` would look, without the seconds that importing takes.
const WHERE = `
import importlib.util
spec = importlib.util.find_spec('torch')
print(spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else '')
`

/** @param {import('./find.mjs').Search} search */
export function fromPython(search) {
  const { ok, missing, stdout, stderr } = capture('python3', ['-c', WHERE])
  if (ok && stdout !== '') return judge(search, PLACE, stdout)
  search.refuse(PLACE, missing ? 'no python3 on the PATH' : ok ? 'python3 has no module torch' : stderr)
  return undefined
}
