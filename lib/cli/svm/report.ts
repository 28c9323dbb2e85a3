import { lineChartSvg } from '../../charts/line-chart'
import type { CrossValidation } from '../../cross-validation'
import { replaceFile } from '../../files/replace-file'
import { percent, table } from '../text'

/** With leave-one-out there are as many parts as videos, each right or wrong. */
export const MOST_PARTS_SHOWN = 20

/** What cross-validations print: a row for the features, and one for each number of principal components. */
export function evaluationTable(evaluation: CrossValidation): string {
  const rows = [evaluation, ...evaluation.reduced].map((one, i) => [
    i === 0 ? `all ${one.dimensions} dimensions` : `${one.dimensions} principal components`,
    percent(one.accuracy),
    one.parts.length > MOST_PARTS_SHOWN ? '' : `${percent(one.meanAccuracy)} ± ${percent(one.deviation)}`,
    percent(one.meanClassAccuracy),
    'explainedVariance' in one ? percent(one.explainedVariance as number) : '',
  ])
  return table([['', 'accuracy', 'mean of the parts', 'mean of the classes', 'variance kept'], ...rows])
}

/** A row for each part. */
export function partsTable({ parts }: CrossValidation, name: string): string {
  return table([
    [name, 'training', 'test', 'C', 'accuracy'],
    ...parts.map(({ training, test, cost, accuracy }, i) => [
      String(i + 1),
      ...[training, test, cost].map(String),
      percent(accuracy),
    ]),
  ])
}

/** Fig. 5 of the paper: accuracy by the number of principal components. */
export async function writeDimensionChart(
  file: string,
  layer: string,
  { reduced }: CrossValidation,
): Promise<void> {
  const points = reduced.map(({ dimensions, meanAccuracy }) => ({ x: dimensions, y: 100 * meanAccuracy }))
  const svg = lineChartSvg({
    title: 'Linear SVM on principal components',
    xLabel: 'dimensions',
    yLabel: 'accuracy (%)',
    series: [{ label: layer, points }],
    notes: [],
  })
  await replaceFile(file, svg)
}
