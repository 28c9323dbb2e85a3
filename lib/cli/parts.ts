import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { splitSchema } from '../config/dataset'
import { wholeNumber } from '../config/fields'
import { parse } from '../config/parse'
import type { VideoDataset } from '../dataset'
import { C3DError } from '../native/errors'
import { openDataset, openOfficialSplit, tellDataset } from './dataset'
import { toNumber } from './options'
import type { Session } from './session'
import type { PartOptions } from './train-resume'

export interface Parts {
  training: VideoDataset
  validation: VideoDataset | undefined
}

/** Options that part the videos; the source's own are added by addSourceOptions. */
export function addPartOptions(command: Command): Command {
  return command
    .option(
      '--validation <part>',
      "fraction of the videos, other videos like the first, or 'none' (default: 0.2)",
    )
    .option('--validation-split <name>', "value of the manifest's split column to validate on")
    .option('--allow-overlap', 'validate on videos, pictures or groups that are trained on, too')
    .option('--limit <videos>', 'train on so many videos only, spread over the classes', toNumber)
}

/** Throws where --limit, --validation and --seed cannot be meant, whatever the videos are. */
export function checkParts({ limit, validation, seed }: PartOptions): void {
  if (limit !== undefined) parse(wholeNumber({ atLeast: 1 }), limit, '--limit')
  if (validation === undefined || isNone(validation)) return
  const fraction = Number(validation)
  if (!Number.isNaN(fraction)) parse(splitSchema, { validation: fraction, seed }, 'split')
  else if (!existsSync(validation))
    throw new C3DError(
      'C3D_FILE_NOT_FOUND',
      `'${validation}', given as --validation, is not there. Expected a fraction like 0.2, other videos, or 'none'.`,
    )
}

function isNone(validation: string): boolean {
  return validation === 'none' || validation === '0'
}

export async function openParts(videos: string, options: PartOptions, session: Session): Promise<Parts> {
  const official = await openOfficialSplit(videos, options, session)
  if (official) for (const part of [official.training, official.test]) tellDataset(part, session)
  const { training, validation } =
    official && options.validation === undefined
      ? { training: official.training, validation: official.test }
      : await chooseParts(videos, official?.training, options, session)
  return { training: options.limit === undefined ? training : limited(training, options.limit), validation }
}

async function chooseParts(
  videos: string,
  official: VideoDataset | undefined,
  options: PartOptions,
  session: Session,
): Promise<Parts> {
  const { validation, validationSplit, seed } = options
  const dataset = official ?? (await openDataset(videos, options, session))
  // Classes that cannot be validated are told before the frames are counted.
  const known = { knownClasses: dataset.classes }
  if (validationSplit !== undefined) {
    const source = validation ?? videos
    return {
      training: dataset,
      validation: await openDataset(source, { ...options, split: validationSplit }, session, known),
    }
  }
  if (validation !== undefined && isNone(validation)) return { training: dataset, validation: undefined }
  const fraction = validation === undefined ? undefined : Number(validation)
  if (validation === undefined || !Number.isNaN(fraction))
    return dataset.split({ validation: fraction, seed })
  // The split column is the first manifest's; a second one is another part already.
  const { split: _, ...others } = options
  return { training: dataset, validation: await openDataset(validation, others, session, known) }
}

/** The first `count` videos when the classes take turns, so that as many classes as possible are among them. */
function limited(dataset: VideoDataset, count: number): VideoDataset {
  const seen = new Map<string, number>()
  const turns = dataset.videos.map((video, place) => {
    const turn = seen.get(video.label) ?? 0
    seen.set(video.label, turn + 1)
    return { turn, place }
  })
  const kept = new Set(
    turns
      .sort((a, b) => a.turn - b.turn || a.place - b.place)
      .slice(0, count)
      .map(({ place }) => place),
  )
  return dataset.subset((_, place) => kept.has(place))
}
