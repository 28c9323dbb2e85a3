import type { Evaluation, FusedEvaluation } from '../evaluation'
import type { MultiLabelScores } from '../evaluation/multi-label-metrics'
import type { ClassScore, VideoScores } from '../evaluation/video-metrics'
import { percent, plural, table } from './text'

/** So many classes fit on a screen. */
const MOST_CLASSES = 20

/**
 * What `c3d evaluate` prints.
 *
 * @param files of the models
 */
export function evaluationReport(evaluation: Evaluation | FusedEvaluation, files: readonly string[]): string {
  const { meanClassAccuracy, meanAveragePrecision, multiLabel, threshold } = evaluation
  if (multiLabel) return multiLabelReport(evaluation, multiLabel, threshold ?? 0, files)
  const head = 'models' in evaluation ? fusedHead(evaluation, files) : singleHead(evaluation)
  const means = [
    ['mean class accuracy', percent(meanClassAccuracy)],
    ['mean average precision', percent(meanAveragePrecision)],
    ...('loss' in evaluation ? [['loss', evaluation.loss.toFixed(3)]] : []),
  ]
  return [head, '', table(means), '', classTable(evaluation)].join('\n')
}

function multiLabelReport(
  evaluation: Evaluation | FusedEvaluation,
  scores: MultiLabelScores,
  threshold: number,
  files: readonly string[],
): string {
  const { microF1, macroF1, subsetAccuracy, hammingLoss } = scores
  const row = (name: string, weight: string[], { multiLabel, videoTop1, videoTop5 }: VideoScores) => [
    ...[name, ...weight, percent(multiLabel?.meanAveragePrecision ?? 0)],
    ...[percent(videoTop1), percent(videoTop5)],
  ]
  const columns = ['mAP', 'hit@1', 'hit@5']
  const head =
    'models' in evaluation
      ? table([
          [plural(evaluation.videos, 'video'), 'weight', ...columns],
          ...evaluation.models.map((each, i) =>
            row(files[i] ?? '', [percent(evaluation.weights[i] ?? 0)], each),
          ),
          row('together', [''], evaluation),
        ])
      : table([
          ['', ...columns],
          [plural(evaluation.clips, 'clip'), '', percent(evaluation.clipTop1), percent(evaluation.clipTop5)],
          row(plural(evaluation.videos, 'video'), [], evaluation),
        ])
  const means = table([
    [`at a probability of ${threshold}`, ''],
    ['micro F1', percent(microF1)],
    ['macro F1', percent(macroF1)],
    ['subset accuracy', percent(subsetAccuracy)],
    ['Hamming loss', percent(hammingLoss)],
    ...('loss' in evaluation ? [['loss', evaluation.loss.toFixed(3)]] : []),
  ])
  return [head, '', means, '', classTable(evaluation)].join('\n')
}

function singleHead({ clips, clipTop1, clipTop5, videos, videoTop1, videoTop5 }: Evaluation): string {
  return table([
    ['', 'top 1', 'top 5'],
    [plural(clips, 'clip'), percent(clipTop1), percent(clipTop5)],
    [plural(videos, 'video'), percent(videoTop1), percent(videoTop5)],
  ])
}

function fusedHead(fused: FusedEvaluation, files: readonly string[]): string {
  const row = (name: string, weight: string, scores: VideoScores) => [
    name,
    weight,
    percent(scores.videoTop1),
    percent(scores.videoTop5),
  ]
  return table([
    [plural(fused.videos, 'video'), 'weight', 'top 1', 'top 5'],
    ...fused.models.map((scores, i) => row(files[i] ?? '', percent(fused.weights[i] ?? 0), scores)),
    row('together', '', fused),
  ])
}

/** The worst classes first, then those of which there is no video. */
function classTable({ perClass, confusion }: VideoScores): string {
  const worstFirst = perClass
    .map((score, number) => ({ ...score, number }))
    .sort((a, b) => (a.recall ?? 2) - (b.recall ?? 2) || (a.f1 ?? 2) - (b.f1 ?? 2))
  const rows = worstFirst
    .slice(0, MOST_CLASSES)
    .map((score) => [
      ...classRow(score),
      ...(confusion ? [mistakenFor(confusion[score.number] ?? [], score.number, perClass)] : []),
    ])
  const shown = table([
    [
      ...['class', 'videos', 'recall', 'precision', 'F1', 'AP'],
      ...(confusion ? ['most often mistaken for'] : []),
    ],
    ...rows,
  ])
  if (perClass.length <= MOST_CLASSES) return shown
  return `${shown}
the worst ${MOST_CLASSES} of ${perClass.length} classes; --json tells all`
}

function classRow({ label, support, recall, precision, f1, averagePrecision }: ClassScore): string[] {
  const parts = [recall, precision, f1, averagePrecision].map((part) => (part === null ? '-' : percent(part)))
  return [label, String(support), ...parts]
}

function mistakenFor(answers: readonly number[], number: number, perClass: readonly ClassScore[]): string {
  const mistakes = answers.map((count, answer) => (answer === number ? 0 : count))
  const most = Math.max(...mistakes)
  return most === 0 ? '' : `${perClass[mistakes.indexOf(most)]?.label} (${most})`
}
