import { findEntries, libtorchIn } from './cache.mjs'
import { judge } from './judge.mjs'

const PLACE = 'the cache'

/** @param {import('./find.mjs').Search} search */
export function fromCache(search) {
  const { cache } = search.options
  const entries = findEntries(cache, search.builds)
  if (entries.length === 0) search.refuse(PLACE, `nothing that fits in ${cache}`)
  for (const entry of entries) {
    const found = judge(search, PLACE, libtorchIn(entry))
    if (found) return found
  }
  return undefined
}
