import type { ModelConfig } from '../config/model'
import {
  type AutomaticPrecision,
  automaticPrecision,
  type Precision,
  type PrecisionSetting,
  requireComputable,
} from '../config/precision'
import { addon } from '../native/addon'
import type { NativeModel, NativePrecision } from '../native/binding'
import { type FailedConvolution, failedConvolutions } from './self-check'

export interface ChosenPrecision {
  precision: Precision
  /** Why, where 'auto' was asked for; else null. */
  reason: string | null
  /** Layers that compute in float32 all the same. */
  failed: FailedConvolution[]
}

/**
 * Resolves 'auto' for a model on its device, and looks for convolutions that must not be used in lower precision: one
 * that was asked for by name leaves those in float32, 'auto' leaves all.
 *
 * @param where the setting, for the message of the error
 * @throws C3D_INVALID_CONFIG (float16 on the CPU), C3D_ABORTED
 */
export async function choosePrecision(
  model: { native: NativeModel; config: Pick<ModelConfig, 'architecture'> },
  asked: PrecisionSetting,
  where: string,
  signal?: AbortSignal,
): Promise<ChosenPrecision> {
  const { device } = model.native
  requireComputable(asked, device, where)
  const { precision, reason } =
    asked === 'auto' ? automaticPrecision(addon().deviceTraits(device)) : { precision: asked, reason: null }
  if (precision === 'float32') return { precision, reason, failed: [] }
  const failed = await failedConvolutions(model.config.architecture, device, precision, signal)
  if (asked !== 'auto' || failed.length === 0) return { precision, reason, failed }
  return { ...inFloat32(precision, failed), failed: [] }
}

/** What the addon takes. */
export function nativePrecision({ precision, failed }: ChosenPrecision): NativePrecision {
  return { type: precision, float32Layers: failed.map(({ layer }) => layer) }
}

function inFloat32(precision: Precision, failed: FailedConvolution[]): AutomaticPrecision {
  const problems = failed.map(({ layer, problem }) => `${layer}: ${problem}`).join('; ')
  return { precision: 'float32', reason: `${precision} is wrong in convolutions here (${problems})` }
}
