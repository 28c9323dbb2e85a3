/** Words whose meaning a mirror image swaps. */
const MIRRORED: readonly [RegExp, string][] = [
  [/left/, 'right'],
  [/(anti|counter)clockwise/, 'clockwise'],
]

/**
 * Two classes that look like each other's mirror image by their names (turn_left and turn_right), for which flipping
 * clips teaches the wrong label; undefined when there are none.
 */
export function mirroredClasses(classes: readonly string[]): [string, string] | undefined {
  const byPlainName = new Map(classes.map((name) => [plain(name), name]))
  for (const [plainName, name] of byPlainName)
    for (const [word, mirrored] of MIRRORED) {
      const other = word.test(plainName) ? byPlainName.get(plainName.replace(word, mirrored)) : undefined
      if (other !== undefined) return [name, other]
    }
  return undefined
}

/** Without case, blanks and hyphens, so that TurnLeft, turn-left and turn left are one. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}
