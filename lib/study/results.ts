import { svgToPng } from '../files/svg-to-png'
import { C3DError } from '../native/errors'
import { studyCharts } from './charts'
import type { StudyResult } from './events'
import type { StudyFolder } from './study-folder'
import { curveTable, markdownTable, outcomesCsv, summaryTable, tableNotes } from './tables'

/**
 * Writes what there is: results.json, results.csv (a row an epoch of a training), results.md and the charts as .svg, and
 * as .png where the optional packages that draw them are installed.
 *
 * @throws C3D_FILE
 */
export async function writeResults(folder: StudyFolder, result: StudyResult): Promise<void> {
  const charts = studyCharts(result)
  for (const [name, svg] of charts) {
    await folder.write(`${name}.svg`, svg)
    const png = await drawn(svg)
    if (png) await folder.write(`${name}.png`, png)
  }
  await folder.write('results.csv', outcomesCsv(result))
  await folder.write('results.md', markdown(result, [...charts.keys()]))
  await folder.write('results.json', `${JSON.stringify(result, null, 2)}\n`)
}

/** Undefined where nothing is installed to draw it. */
async function drawn(svg: string): Promise<Buffer | undefined> {
  try {
    return await svgToPng(svg)
  } catch (error) {
    if (error instanceof C3DError && error.code === 'C3D_INVALID_CONFIG') return undefined
    throw error
  }
}

function markdown(result: StudyResult, charts: readonly string[]): string {
  return [
    '# Kernel depth: a study after section 3.2',
    markdownTable(summaryTable(result)),
    ...tableNotes(result),
    '## Clip accuracy by epoch',
    markdownTable(curveTable(result)),
    ...charts.map((name) => `![${name}](${name}.svg)`),
  ]
    .map((part) => `${part.trimEnd()}\n`)
    .join('\n')
}
