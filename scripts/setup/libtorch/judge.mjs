import { inspect, loadProblem } from './inspect.mjs'

/**
 * Whether a folder will do for this search; notes why not.
 * @param {import('./find.mjs').Search} search
 * @param {string} place
 * @param {string} folder
 * @returns {import('./find.mjs').FoundLibTorch | undefined}
 */
export function judge(search, place, folder) {
  const libtorch = inspect(folder)
  if ('refused' in libtorch) {
    search.refuse(place, libtorch.refused)
  } else if (!search.builds.includes(libtorch.build)) {
    search.refuse(place, `${folder} is a ${libtorch.build} build; a ${search.builds[0]} build was asked for`)
  } else {
    const problem = loadProblem(libtorch)
    if (problem === '') return { ...libtorch, source: place }
    search.refuse(place, `${folder} does not load: ${problem}`)
  }
  return undefined
}
