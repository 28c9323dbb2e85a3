import { nearestWord } from '../config/fields'
import { requireUsableLoss } from '../config/loss'
import type { ModelConfig } from '../config/model'
import { invalid } from '../config/parse'
import type { TrainingConfig } from '../config/training'

/**
 * Refuses settings that do not fit the network or the data: rates of layers that it does not have, nothing left to
 * train, a schedule that waits for a validation where there is none, what multi-label models have or lack.
 *
 * @throws C3D_INVALID_CONFIG
 */
export function requireFitting(
  { optimizer, schedule, loss, sampling, earlyStopping }: TrainingConfig,
  model: ModelConfig,
  validated: boolean,
): void {
  requireUsableLoss(loss, model)
  const { multiLabel } = model
  if (multiLabel && sampling.balanceClasses)
    throw invalid(
      'training.sampling.balanceClasses',
      'videos of a multi-label model have no one class to balance; use loss.positiveWeights',
    )
  const metric = earlyStopping?.metric
  if (metric === (multiLabel ? 'accuracy' : 'mAP'))
    throw invalid(
      'training.earlyStopping.metric',
      multiLabel
        ? "expected 'mAP' or 'loss' for a multi-label model, got 'accuracy'"
        : "expected 'accuracy' or 'loss', got 'mAP', which is for multi-label models",
    )
  if (schedule.type === 'plateau' && !validated)
    throw invalid(
      'training.schedule',
      "the type 'plateau' looks at the validation loss, but there is no validation set",
    )
  const { layers, classifier } = model.architecture
  const names = [...layers.filter(({ type }) => type !== 'pool').map(({ name }) => name), classifier]
  for (const name of Object.keys(optimizer.layers)) {
    if (names.includes(name)) continue
    const nearest = nearestWord(name, names)
    throw invalid(
      'training.optimizer.layers',
      `the network has no layer '${name}' with weights (${nearest === undefined ? `it has ${names.join(', ')}` : `did you mean '${nearest}'?`})`,
    )
  }
  if (names.every((name) => optimizer.layers[name]?.learningRate === 0))
    throw invalid('training.optimizer.layers', 'every layer is frozen, so that there is nothing to train')
}
