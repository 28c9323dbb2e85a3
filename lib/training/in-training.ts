import { C3DError } from '../native/errors'

/** Models (their states) whose weights a run is changing. */
const inTraining = new WeakSet<object>()

/** Until what it returns is called, nothing else may train the model. Throws C3D_INVALID_ARGUMENT where a run does. */
export function beginTraining(state: object): () => void {
  requireNoRun(state)
  inTraining.add(state)
  return () => {
    inTraining.delete(state)
  }
}

/** Throws C3D_INVALID_ARGUMENT while a run trains the model. */
export function requireNoRun(state: object): void {
  if (inTraining.has(state))
    throw new C3DError(
      'C3D_INVALID_ARGUMENT',
      'This model is being trained already. Wait for that run, or stop it.',
    )
}
