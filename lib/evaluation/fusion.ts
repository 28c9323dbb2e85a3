import type { ModelClasses } from '../labels'
import { C3DError } from '../native/errors'

/**
 * Late fusion: sum over the models of weight * probabilities. The weights add up to 1.
 *
 * @param answers each model's probabilities, all in the same order of classes
 */
export function fuse(answers: readonly (readonly number[])[], weights: readonly number[]): number[] {
  return (answers[0] ?? []).map((_, place) =>
    answers.reduce((sum, answer, model) => sum + (weights[model] ?? 0) * (answer[place] ?? 0), 0),
  )
}

/**
 * Puts a model's probabilities into the order of `classes`.
 *
 * @param own the model's classes: the same ones, in any order
 */
export function reordered(
  probabilities: readonly number[],
  own: readonly string[],
  classes: readonly string[],
): number[] {
  const places = new Map(own.map((name, place) => [name, place]))
  return classes.map((name) => probabilities[places.get(name) ?? -1] ?? 0)
}

/**
 * Throws C3D_INVALID_ARGUMENT unless there is a model and all have the classes of the first, in any order, and all or
 * none are multi-label.
 */
export function requireSameClasses(models: readonly ModelClasses[]): void {
  const [first, ...others] = models
  if (!first) throw new C3DError('C3D_INVALID_ARGUMENT', 'Expected at least one model, got none.')
  others.forEach((other, i) => {
    if (other.multiLabel !== first.multiLabel)
      throw new C3DError(
        'C3D_INVALID_ARGUMENT',
        `Models can be fused when their probabilities mean the same, but ${first.multiLabel ? 'the first' : `number ${i + 2}`} is multi-label and ${first.multiLabel ? `number ${i + 2}` : 'the first'} is not.`,
      )
    const differences = [
      onlyIn(first.classes, other.classes, 'the first'),
      onlyIn(other.classes, first.classes, `number ${i + 2}`),
    ].flat()
    if (differences.length > 0)
      throw new C3DError(
        'C3D_INVALID_ARGUMENT',
        `Models can be fused when they have the same classes, but ${differences.join(', and ')}.`,
      )
  })
}

function onlyIn(some: readonly string[], others: readonly string[], which: string): string[] {
  const missing = some.filter((name) => !others.includes(name))
  return missing.length === 0 ? [] : [`only ${which} has ${missing.map((name) => `'${name}'`).join(', ')}`]
}
