import type { Evaluation, FusedEvaluation } from '../evaluation'
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
  const head = 'models' in evaluation ? fusedHead(evaluation, files) : singleHead(evaluation)
  const { meanClassAccuracy, meanAveragePrecision } = evaluation
  const means = [
    ['mean class accuracy', percent(meanClassAccuracy)],
    ['mean average precision', percent(meanAveragePrecision)],
    ...('loss' in evaluation ? [['loss', evaluation.loss.toFixed(3)]] : []),
  ]
  return [head, '', table(means), '', classTable(evaluation)].join('\n')
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
    .map((score) => classRow(score, mistakenFor(confusion[score.number] ?? [], score.number, perClass)))
  const shown = table([
    ['class', 'videos', 'recall', 'precision', 'F1', 'AP', 'most often mistaken for'],
    ...rows,
  ])
  if (perClass.length <= MOST_CLASSES) return shown
  return `${shown}
the worst ${MOST_CLASSES} of ${perClass.length} classes; --json tells all`
}

function classRow({ label, support, recall, precision, f1, averagePrecision }: ClassScore, mistaken: string) {
  const parts = [recall, precision, f1, averagePrecision].map((part) => (part === null ? '-' : percent(part)))
  return [label, String(support), ...parts, mistaken]
}

function mistakenFor(answers: readonly number[], number: number, perClass: readonly ClassScore[]): string {
  const mistakes = answers.map((count, answer) => (answer === number ? 0 : count))
  const most = Math.max(...mistakes)
  return most === 0 ? '' : `${perClass[mistakes.indexOf(most)]?.label} (${most})`
}
