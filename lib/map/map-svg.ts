import path from 'node:path'
import { type ScatterChart, scatterChartSvg } from '../charts/scatter-chart'
import type { FeatureMap, MapPoint } from './feature-map'

/** The map as a picture, a colour and shape of marker for each class. */
export function mapSvg({ layer, classes, points }: FeatureMap): string {
  const chart: ScatterChart = {
    title: `UMAP of ${layer}, ${points.length} points`,
    points: points.map((point) => ({
      x: point.x,
      y: point.y,
      group: point.labels ? -1 : classes.indexOf(point.label),
      title: describe(point),
    })),
    groups: classes,
    otherLabel: 'none or several',
  }
  return scatterChartSvg(chart)
}

/** 'walk: walk-0003.mp4, frames 8 to 23' */
export function describe({ path: file, label, labels, start, end }: MapPoint): string {
  const classes = labels?.join(', ') ?? label
  const part = end === undefined ? '' : `, frames ${start ?? 0} to ${end - 1}`
  return `${classes === '' ? '' : `${classes}: `}${path.basename(file)}${part}`
}
