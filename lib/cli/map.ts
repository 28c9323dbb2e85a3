import type { Command } from 'commander'
import { mapFeatures } from '../map/feature-map'
import { requireMapFile, saveMap } from '../map/map-file'
import { append } from './fusion'
import { addCommonOptions, toNumber } from './options'
import type { CommonOptions, RunCommand } from './program'
import type { Session } from './session'
import { addFeatureOptions, FEATURES_HELP, type FeatureOptions, openFeatures } from './svm/options'
import { plural } from './text'

interface MapCommandOptions extends CommonOptions, FeatureOptions {
  out: string[]
  neighbors?: number
  minDistance?: number
  components?: number
  passes?: number
  seed?: number
}

export function addMapCommand(program: Command, run: RunCommand): void {
  const command = program
    .command('map')
    .summary('Draws which videos are alike to a network.')
    .description(
      'Draws a map of features (UMAP): videos that are alike to a network lie near each other. On a page (.html) each point shows a frame of its video.',
    )
    .argument('<features>', FEATURES_HELP)
    .requiredOption('--out <file>', '.html, .svg, .png or .csv; may be given several times', append)
    .option('--neighbors <number>', 'fewer show the small, more the large (default: 15)', toNumber)
    .option('--min-distance <number>', 'how near points may come, 0 to 1 (default: 0.1)', toNumber)
    .option('--components <number>', 'principal components that are looked at (default: 50)', toNumber)
    .option('--passes <number>', 'more make a calmer map (default: 500, fewer for over 2,500 rows)', toNumber)
    .option('--seed <number>', 'of the map (default: 1)', toNumber)
  addCommonOptions(addFeatureOptions(command)).action((file: string, options: MapCommandOptions) =>
    run(options, (session) => mapCommand(file, options, session)),
  )
}

async function mapCommand(
  file: string,
  options: MapCommandOptions,
  { terminal, signal }: Session,
): Promise<void> {
  const { out, neighbors, minDistance, components, passes, seed } = options
  for (const name of out) await requireMapFile(name)
  const features = await openFeatures(file, options)
  const map = await mapFeatures(features, {
    ...{ neighbors, minDistance, components, passes, seed, signal },
    onProgress: ({ done, total }) => terminal.progress('passes', done, total),
  })
  for (const name of out)
    await saveMap(name, map, {
      signal,
      onProgress: ({ done, total }) => terminal.progress('pictures', done, total),
      onUnreadable: (videos) => {
        for (const { path, reason } of videos) terminal.note(`no picture of ${path}: ${reason}`)
      },
    })
  terminal.emit({ type: 'map', ...map, files: out })
  terminal.print(`${map.layer}: ${plural(map.points.length, 'point')}: ${out.join(', ')}`)
}
