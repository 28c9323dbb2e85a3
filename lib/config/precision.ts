import * as z from 'zod'
import type { NativeDeviceTraits, NativeLossScale, NativePrecision } from '../native/binding'
import { choice, expected, finiteNumber, settings, wholeNumber } from './fields'
import { invalid } from './parse'

/** In what convolutions and linear layers multiply. */
export type Precision = NativePrecision['type']

export const precisions = ['auto', 'float32', 'bfloat16', 'float16'] as const

export type PrecisionSetting = (typeof precisions)[number]

/** 'auto': what is fast and safe on the device, see `automaticPrecision`. */
export const precisionSchema = choice(precisions)

/**
 * How far a convolution in lower precision may be from float32's, as a part of the norm of the result. Sound ones are
 * within 0.01 in bfloat16, whose numbers have 8 bits; broken ones are off by more than their own size.
 */
export const selfCheckTolerance = 0.05

/** torch.amp.GradScaler's own settings. */
const gradScaler = {
  initial: 2 ** 16,
  growthFactor: 2,
  backoffFactor: 0.5,
  growthInterval: 2000,
}

/** float16's largest number is 2 ** 16; gradients that are not finite at 2 ** -16 times their size never are. */
const SMALLEST_SCALE = 2 ** -16

const detailedLossScale = settings({
  /** Of the first step. */
  initial: finiteNumber({ above: 0, atMost: 2 ** 127 }).default(gradScaler.initial),
  /** What the scale is multiplied by after `growthInterval` steps running with finite gradients. */
  growthFactor: finiteNumber({ above: 1 }).default(gradScaler.growthFactor),
  /** What it is multiplied by after a step whose gradients are not finite, which is left out. */
  backoffFactor: finiteNumber({ above: 0, below: 1 }).default(gradScaler.backoffFactor),
  growthInterval: wholeNumber({ atLeast: 1 }).default(gradScaler.growthInterval),
})

/** Scaling of the loss, without which small gradients vanish in float16. 'auto': for float16, as GradScaler does. */
export const lossScaleSchema = z.union([choice(['auto', 'none']), detailedLossScale], {
  error: expected(
    "'auto', 'none' or an object with initial, growthFactor, backoffFactor and growthInterval of the scale",
  ),
})

/** What the addon takes; null: none. */
export function nativeLossScale(
  lossScale: z.output<typeof lossScaleSchema>,
  precision: PrecisionSetting,
): NativeLossScale | null {
  if (lossScale === 'none' || (lossScale === 'auto' && precision !== 'float16')) return null
  return { ...(lossScale === 'auto' ? gradScaler : lossScale), minimum: SMALLEST_SCALE }
}

export interface AutomaticPrecision {
  precision: Precision
  reason: string
}

/** What 'auto' is on a device: bfloat16 where the hardware has it, float16 on other CUDA devices, else float32. */
export function automaticPrecision({
  name,
  bfloat16,
}: Pick<NativeDeviceTraits, 'name' | 'bfloat16'>): AutomaticPrecision {
  if (name !== 'cpu')
    return bfloat16
      ? { precision: 'bfloat16', reason: `${name} computes in bfloat16` }
      : { precision: 'float16', reason: `${name} computes in float16, but not in bfloat16` }
  return bfloat16
    ? { precision: 'bfloat16', reason: 'this CPU has bfloat16 instructions' }
    : { precision: 'float32', reason: 'this CPU has no bfloat16 instructions' }
}

/** @throws C3D_INVALID_CONFIG for float16 on the CPU */
export function requireComputable(precision: PrecisionSetting, device: string, where: string): void {
  if (precision === 'float16' && device === 'cpu')
    throw invalid(
      where,
      "'float16' is for CUDA devices, and this model is on the CPU; use 'bfloat16', 'float32' or 'auto'",
    )
}
