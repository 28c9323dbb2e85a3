import type { ClipTimes } from './clip-times'
import { type ClassifyOptions, resolveClassification } from './config/features'
import { type LabelProbability, topLabels } from './evaluation/top-labels'
import { readWindows } from './features/read-windows'
import type { ModelState } from './model'
import { activate } from './scoring'

/** What a network says of one window of a video. */
export interface WindowPrediction extends ClipTimes {
  /** The likeliest classes, best first. */
  top: LabelProbability[]
  /** One for each of the model's classes, in their order; they add up to 1, unless the model is multi-label. */
  probabilities: number[]
}

/** See C3D.classify. */
export async function* classifyVideo(
  model: ModelState,
  video: string,
  options: ClassifyOptions,
): AsyncGenerator<WindowPrediction, void, undefined> {
  const { smoothing, topK, ...windows } = resolveClassification(options)
  const { architecture, classes, multiLabel } = model.config
  const readout = {
    native: { layer: architecture.classifier, pooling: 'none' as const },
    shape: [classes.length],
    finish: (logits: Float32Array) => logits,
  }
  const answers = probabilitiesOf(readWindows(model, video, readout, windows), multiLabel)
  for await (const { probabilities, ...times } of smoothed(answers, (smoothing - 1) / 2))
    yield { ...times, top: topLabels(probabilities, classes, topK), probabilities }
}

type Answer = Omit<WindowPrediction, 'top'>

async function* probabilitiesOf(
  windows: AsyncIterable<ClipTimes & { values: Float32Array }>,
  multiLabel: boolean,
): AsyncGenerator<Answer> {
  for await (const { values, ...times } of windows)
    yield { ...times, probabilities: activate(values, multiLabel) }
}

/** Each answer as the mean of it and up to `reach` on either side; as late as those behind it come. */
export async function* smoothed(answers: AsyncIterable<Answer>, reach: number): AsyncGenerator<Answer> {
  const near: Answer[] = [] // those that still count
  let next = 0 // place in `near` of the first that was not given yet
  const give = (): Answer => {
    const first = Math.max(0, next - reach)
    const counted = near.slice(first, next + reach + 1)
    const answer = near[next++] as Answer
    const probabilities = answer.probabilities.map(
      (_, i) => counted.reduce((sum, one) => sum + (one.probabilities[i] ?? 0), 0) / counted.length,
    )
    if (next > reach) {
      near.shift()
      next--
    }
    return { ...answer, probabilities }
  }
  for await (const answer of answers) {
    near.push(answer)
    if (near.length - next > reach) yield give()
  }
  while (next < near.length) yield give()
}
