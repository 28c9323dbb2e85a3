import { addon } from '../../lib/native/addon'

/** A describe block that is skipped, with the reason in its name, where the addon has no FFmpeg. */
export function describeWithVideos(name: string, tests: () => void): void {
  const problem = missingBackend()
  if (problem === undefined) describe(name, tests)
  else describe.skip(`${name} (skipped: ${problem})`, tests)
}

function missingBackend(): string | undefined {
  try {
    addon().videoBackend()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
