import { SetupError } from '../report.mjs'
import { judge } from './judge.mjs'

/**
 * Who names a folder wants that one: looking elsewhere when it cannot be used would surprise.
 * @param {import('./find.mjs').Search} search
 */
export function fromEnvironment(search) {
  const folder = search.options.env.LIBTORCH
  if (!folder) {
    search.refuse('LIBTORCH', 'not set')
    return undefined
  }
  let reason = ''
  const found = judge({ ...search, refuse: (_, why) => (reason = why) }, 'LIBTORCH', folder)
  if (found) return found
  throw new SetupError(`the LibTorch named by LIBTORCH cannot be used: ${reason}. LIBTORCH must be the folder that holds
  LibTorch's include/ and lib/. Without LIBTORCH the set-up looks elsewhere and fetches it if need be.`)
}
