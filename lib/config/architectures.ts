import * as z from 'zod'
import type { NativeArchitecture } from '../native/binding'
import { choice, expected, finiteNumber, flag, settings, show, text, wholeNumber } from './fields'
import { invalid, parse } from './parse'

/**
 * Networks as plain data. Sources: Tran et al., "Learning Spatiotemporal Features with 3D Convolutional Networks"
 * (ICCV 2015), sections 3.1 to 3.3, and the authors' released prototxt files
 * (C3D-v1.0/examples/c3d_train_ucf101/conv3d_ucf101_train.prototxt and c3d_finetuning).
 */

const layerName = () =>
  text('a layer name without dots').refine((name) => !name.includes('.'), {
    error: (issue) =>
      `expected a layer name without dots (it becomes part of a key), got ${show(issue.input)}`,
  })

const size3 = (what: string) =>
  z.tuple([wholeNumber({ atLeast: 1 }), wholeNumber({ atLeast: 1 }), wholeNumber({ atLeast: 1 })], {
    error: (issue) => `expected ${what} as [frames, height, width], got ${show(issue.input)}`,
  })

const roundingSchema = choice(['ceil', 'floor', 'pad'])

const convSchema = settings({
  type: z.literal('conv'),
  name: layerName(),
  filters: wholeNumber({ atLeast: 1 }),
  /** Section 3.2: 3x3x3 kernels everywhere work best. */
  kernel: size3('a kernel').default([3, 3, 3]),
  /** Left out: as the preset has it. */
  batchNorm: flag().optional(),
})

const poolSchema = settings({
  type: z.literal('pool'),
  name: layerName(),
  kernel: size3('a kernel').default([2, 2, 2]),
  /** Caffe, and so the paper, clips the last window at the border. */
  rounding: roundingSchema.default('ceil'),
})

const linearSchema = settings({
  type: z.literal('linear'),
  name: layerName(),
  units: wholeNumber({ atLeast: 1 }),
  /** What the layers before must deliver; 0: not checked. */
  inputs: wholeNumber({ atLeast: 0 }).default(0),
  /** Part of the units that a training step drops. Left out: as the preset has it; the paper's have 0.5. */
  dropout: finiteNumber({ atLeast: 0, below: 1 }).optional(),
})

const layerSchema = z.discriminatedUnion('type', [convSchema, poolSchema, linearSchema], {
  error: (issue) =>
    `expected a layer whose type is 'conv', 'pool' or 'linear', got ${show((issue.input as { type?: unknown } | null | undefined)?.type ?? issue.input)}`,
})

/** Section 3: clips of 16 frames, 112x112 crops. */
const inputSchema = settings({
  frames: wholeNumber({ atLeast: 1 }).default(16),
  height: wholeNumber({ atLeast: 1 }).default(112),
  width: wholeNumber({ atLeast: 1 }).default(112),
})

export const architectureSchema = settings({
  name: text().default('custom'),
  input: inputSchema.prefault({}),
  /** Convolutions and pools, then linear layers; the classifier is not among them. */
  layers: z
    .array(layerSchema, { error: (issue) => `expected a list of layers, got ${show(issue.input)}` })
    .min(1, { error: 'expected at least one layer, got []' }),
  classifier: layerName().default('fc8'),
})

/** A network as plain data. */
export type ArchitectureData = z.input<typeof architectureSchema>
export type ArchitectureLayer = ArchitectureData['layers'][number]
/** A network with every setting filled in. */
export type Architecture = NativeArchitecture

export const architectureNames = [
  'c3d',
  'depth-1',
  'depth-3',
  'depth-5',
  'depth-7',
  'increasing',
  'decreasing',
] as const

export type ArchitectureName = (typeof architectureNames)[number]

/** The networks that section 3.2 compares: kernels of one temporal depth, and of depths that vary. */
export const depthNetworks = architectureNames.filter((name) => name !== 'c3d')

interface Plan {
  /** Names, filters and kernel depths of the convolutions, in stages; a pool follows each stage. */
  stages: { name: string; filters: number; depth: number }[][]
  units: [number, number]
}

/** Section 3.1: one convolution a stage, 64, 128, 256, 256, 256 filters, fc 2048; section 3.2 varies the depths. */
function searchPlan(depths: number[]): Plan {
  const filters = [64, 128, 256, 256, 256]
  return {
    stages: filters.map((count, i) => [{ name: `conv${i + 1}a`, filters: count, depth: depths[i] ?? 3 }]),
    units: [2048, 2048],
  }
}

/** Section 3.3: 8 convolutions of 3x3x3, 5 pools, fc 4096. */
function c3dPlan(): Plan {
  const stage = (number: number, letters: string, filters: number) =>
    [...letters].map((letter) => ({ name: `conv${number}${letter}`, filters, depth: 3 }))
  return {
    stages: [
      stage(1, 'a', 64),
      stage(2, 'a', 128),
      stage(3, 'ab', 256),
      stage(4, 'ab', 512),
      stage(5, 'ab', 512),
    ],
    units: [4096, 4096],
  }
}

const plans: Record<ArchitectureName, () => Plan> = {
  c3d: c3dPlan,
  'depth-1': () => searchPlan([1, 1, 1, 1, 1]),
  'depth-3': () => searchPlan([3, 3, 3, 3, 3]),
  'depth-5': () => searchPlan([5, 5, 5, 5, 5]),
  'depth-7': () => searchPlan([7, 7, 7, 7, 7]),
  increasing: () => searchPlan([3, 3, 5, 5, 7]),
  decreasing: () => searchPlan([7, 5, 5, 3, 3]),
}

const namedOptionsSchema = settings({
  /** Clip length and crop size. */
  input: inputSchema.prefault({}),
  /** Multiplies every number of filters and units; 0.25 makes a network of about a sixteenth of the parameters. */
  widthMultiplier: finiteNumber({ above: 0 }).default(1),
  /** Number of filters of each convolution, in order, in place of the paper's. */
  filters: z.array(wholeNumber({ atLeast: 1 })).optional(),
  /** Units of fc6 and fc7, in place of the paper's. */
  units: z.tuple([wholeNumber({ atLeast: 1 }), wholeNumber({ atLeast: 1 })]).optional(),
  /** Batch norm behind every convolution. Left out: as the preset has it. */
  batchNorm: flag().optional(),
  dropout: linearSchema.shape.dropout,
  rounding: poolSchema.shape.rounding,
  /** Height and width of all kernels, odd; section 3.2 tried 5 as well. */
  spatialKernel: wholeNumber({ atLeast: 1 })
    .refine((side) => side % 2 === 1, { error: expected('an odd whole number of at least 1') })
    .default(3),
})

const namedSchema = namedOptionsSchema.extend({ name: choice(architectureNames) })

export type ArchitectureOptions = z.input<typeof namedOptionsSchema>

/** A network by name, by name with options, or as data. */
export type ArchitectureInput = ArchitectureName | z.input<typeof namedSchema> | ArchitectureData

/**
 * One of the paper's networks as plain data, changed as `options` say. Where a clip is too small for five pools, the
 * later ones stop halving a dimension that has come down to 1.
 */
export function buildArchitecture(
  name: ArchitectureName,
  options: ArchitectureOptions = {},
): ArchitectureData {
  const { batchNorm, dropout, ...named } = parse(namedSchema, { ...options, name }, 'architecture')
  const plan = plans[named.name]()
  const scaled = (count: number) => Math.max(1, Math.round(count * named.widthMultiplier))
  const convs = plan.stages.flat()
  if (named.filters && named.filters.length !== convs.length)
    throw invalid(
      'architecture.filters',
      `expected ${convs.length} numbers (${convs.map((conv) => conv.name).join(', ')}), got ${named.filters.length}`,
    )

  const layers: ArchitectureLayer[] = []
  let size = [named.input.frames, named.input.height, named.input.width] as const
  plan.stages.forEach((stage, i) => {
    for (const conv of stage)
      layers.push({
        type: 'conv',
        name: conv.name,
        filters: scaled(named.filters?.[convs.indexOf(conv)] ?? conv.filters),
        kernel: [conv.depth, named.spatialKernel, named.spatialKernel],
        ...(batchNorm === undefined ? {} : { batchNorm }),
      })
    const kernel = poolKernel(i, size)
    layers.push({ type: 'pool', name: `pool${i + 1}`, kernel, rounding: named.rounding })
    const shrink = (i: 0 | 1 | 2) => pooled(size[i], kernel[i], named.rounding)
    size = [shrink(0), shrink(1), shrink(2)]
  })
  const units = named.units ?? plan.units
  const dropped = dropout === undefined ? {} : { dropout }
  layers.push(
    { type: 'linear', name: 'fc6', units: scaled(units[0]), ...dropped },
    { type: 'linear', name: 'fc7', units: scaled(units[1]), ...dropped },
  )
  return { name: named.name, input: named.input, layers, classifier: 'fc8' }
}

type Size3 = readonly [number, number, number]

/** Section 3.1: 1x2x2 for pool1, "with the intention of not to merge the temporal signal too early", else 2x2x2. */
function poolKernel(stage: number, [frames, height, width]: Size3): [number, number, number] {
  const paper = [stage === 0 ? 1 : 2, 2, 2] as const
  return [Math.min(paper[0], frames), Math.min(paper[1], height), Math.min(paper[2], width)]
}

/** The size behind a pool; 'pad' counts as 'floor', which errs on the side of kernels that fit. */
function pooled(size: number, kernel: number, rounding: 'ceil' | 'floor' | 'pad'): number {
  const windows = size / kernel
  return Math.max(1, rounding === 'ceil' ? Math.ceil(windows) : Math.floor(windows))
}

/** What layers have that do not say, by a preset. */
export interface LayerDefaults {
  batchNorm: boolean
  dropout: number
}

/** Fills in whatever `input` leaves out. */
export function resolveArchitecture(
  input: ArchitectureInput,
  defaults: LayerDefaults,
  root = 'architecture',
): Architecture {
  const { layers, ...rest } = parse(architectureSchema, asData(input, root), root)
  return {
    ...rest,
    layers: layers.map((layer) => {
      if (layer.type === 'conv') return { ...layer, batchNorm: layer.batchNorm ?? defaults.batchNorm }
      if (layer.type === 'linear') return { ...layer, dropout: layer.dropout ?? defaults.dropout }
      return layer
    }),
  }
}

function asData(input: unknown, root: string): unknown {
  if (typeof input === 'string') return buildArchitecture(parse(choice(architectureNames), input, root))
  if (typeof input !== 'object' || input === null)
    throw invalid(
      root,
      `expected the name of a network (${architectureNames.join(', ')}), options with a name, or layers; got ${show(input)}`,
    )
  if ('layers' in input) return input
  const { name, ...options } = parse(namedSchema, input, root)
  return buildArchitecture(name, options)
}

/** Outputs of a network that is only described: UCF101's classes, which section 3 trains on. */
export const defaultClassCount = 101
