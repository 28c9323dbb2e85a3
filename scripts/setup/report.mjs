/** Something the person can put right; the message says how. Anything else that is thrown is a defect. */
export class SetupError extends Error {}

/** To stderr, because stdout belongs to what a script is asked for. @param {string} message */
export function say(message) {
  console.error(`torch-c3d: ${message}`)
}
