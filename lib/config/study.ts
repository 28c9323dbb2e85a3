import * as z from 'zod'
import { VideoDataset } from '../dataset'
import {
  type Architecture,
  type ArchitectureInput,
  type ArchitectureName,
  type ArchitectureOptions,
  architectureNames,
  depthNetworks,
  resolveArchitecture,
} from './architectures'
import { choice, expected, finiteNumber, flag, settings, show, text, wholeNumber } from './fields'
import { createSchema, modelSchema } from './model'
import { invalid } from './parse'
import { defaultPreset, presetNames, presets } from './presets'
import { type TrainingSettings, trainingSchema } from './training'

/** What is made equal among the networks of a study. */
export const matches = ['none', 'parameters', 'macs'] as const

export type Match = (typeof matches)[number]

/** Whose size the others are brought to. */
export const matchReference: ArchitectureName = 'depth-3'

const pairSchema = z.tuple([text('the name of a class'), text('the name of a class')], {
  error: expected('the names of two classes'),
})

export const studySchema = settings({
  /** Networks by name, with options, or layer by layer; each has a name of its own. Left out: section 3.2's six. */
  nets: z
    .array(z.custom<ArchitectureInput>(), { error: expected('a list of networks') })
    .min(1, { error: expected('at least one network') })
    .default([...depthNetworks]),
  /** Of the networks that are given by name alone: width, input, batch norm, dropout, … */
  network: z.custom<ArchitectureOptions>().default({}),
  /**
   * 'none': the networks as they are. 'parameters', 'macs': their filters and units are scaled until they have the
   * parameters, or the multiply-accumulates, of depth-3.
   */
  match: choice(matches).default('none'),
  /** Runs of each network, with the seeds 1, 2, …: of weights, order of clips, crops and dropout. */
  seeds: wholeNumber({ atLeast: 1, atMost: 1000 }).default(3),
  /** The recipe, for all networks. */
  preset: choice(presetNames).default(defaultPreset),
  initializer: modelSchema.shape.initializer,
  preprocessing: modelSchema.shape.preprocessing,
  training: trainingSchema.omit({ seed: true, preset: true }).prefault({}),
  /** A fraction of the videos, or other ones, that all networks are measured on. */
  validation: z
    .union(
      [
        finiteNumber({ above: 0, below: 1 }),
        z.custom<VideoDataset>((value) => value instanceof VideoDataset),
      ],
      { error: expected('a number of more than 0 and less than 1, or a VideoDataset') },
    )
    .default(0.2),
  /** Whether validation may share files, pictures and groups with the training set. Its scores mean little then. */
  allowOverlap: flag().default(false),
  /**
   * Classes that are told from each other in the results as well. Left out: motions of makeMotionVideos that are each
   * other's reverse.
   */
  pairs: z.array(pairSchema, { error: expected('a list of pairs of classes') }).optional(),
  device: createSchema.shape.device,
  /** Folder of the study. Where it holds the same study, that is gone on with. */
  out: text('the path of a folder'),
  /** Whether another study in that folder may be lost. */
  overwrite: flag().default(false),
})

type StudyInput = z.input<typeof studySchema>

export type StudyOptions = Omit<StudyInput, 'training'> & {
  training?: Omit<TrainingSettings, 'seed' | 'preset'> | undefined
}
export type ResolvedStudy = z.output<typeof studySchema>

/** The networks of a study, every setting filled in. Throws C3D_INVALID_CONFIG where two have one name. */
export function resolveNets({
  nets,
  network,
  preset,
}: Pick<ResolvedStudy, 'nets' | 'network' | 'preset'>): Architecture[] {
  const resolved = nets.map((net, i) => resolveNet(net, network, preset, `study.nets[${i}]`))
  for (const [i, { name, input }] of resolved.entries()) {
    if (!/^[\w.-]+$/.test(name) || /^\.+$/.test(name))
      throw invalid(
        `study.nets[${i}].name`,
        `expected letters, digits, '.', '_' and '-', since it names a folder, got ${show(name)}`,
      )
    if (resolved.findIndex((other) => other.name === name) < i)
      throw invalid(
        `study.nets[${i}].name`,
        `there are two networks '${name}'; give one as data with a name of its own: { ...architectures.build('depth-3', …), name: 'wide' }`,
      )
    const first = resolved[0]?.input ?? input
    if (show(input) !== show(first))
      throw invalid(
        `study.nets[${i}].input`,
        `all networks of a study see the same clips, so expected ${show(first)}, got ${show(input)}`,
      )
  }
  return resolved
}

/** The network that the others are matched with: depth-3 of the study, or else one with the same options. */
export function resolveReference(
  nets: readonly Architecture[],
  study: Pick<ResolvedStudy, 'network' | 'preset'>,
): Architecture {
  const own = nets.find(({ name }) => name === matchReference)
  return (
    own ??
    resolveNet(matchReference, { ...study.network, input: nets[0]?.input }, study.preset, 'study.network')
  )
}

function resolveNet(
  net: ArchitectureInput,
  network: ArchitectureOptions,
  preset: ResolvedStudy['preset'],
  root: string,
): Architecture {
  const isName = typeof net === 'string' && architectureNames.includes(net)
  return resolveArchitecture(isName ? { ...network, name: net } : net, presets[preset].model, root)
}
