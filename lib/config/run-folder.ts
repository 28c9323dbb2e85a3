import path from 'node:path'

/** Where the command line keeps a run that was not told where: runs/<date>_<time>, local time. */
export function defaultRunFolder(now: Date): string {
  const two = (number: number) => String(number).padStart(2, '0')
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-')
  const time = [two(now.getHours()), two(now.getMinutes()), two(now.getSeconds())].join('-')
  return path.join('runs', `${date}_${time}`)
}

/** A step takes 150 bytes, and hardly any time. */
export const tensorboardByDefault = true

/** Where the command line keeps a study that was not told where; the same command goes on with it. */
export const defaultStudyFolder = path.join('runs', 'study')
