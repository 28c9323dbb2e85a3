import {
  type ArchitectureData,
  type ArchitectureInput,
  type ArchitectureName,
  type ArchitectureOptions,
  architectureNames,
  buildArchitecture,
  resolveArchitecture,
} from './config/architectures'
import { type PresetName, paperPreset, presets } from './config/presets'
import { type ArchitectureSummary, describeArchitecture } from './model'

/** The networks of the paper, and how to make others from them. */
export const architectures = {
  /** c3d (section 3.3) and the six of section 3.2. */
  names: architectureNames,

  /**
   * One of them as plain data, changed as the options say.
   *
   * @example architectures.build('depth-3', { widthMultiplier: 0.25, input: { frames: 16, height: 56, width: 56 } })
   * @throws C3D_INVALID_CONFIG
   */
  build(name: ArchitectureName, options: ArchitectureOptions = {}): ArchitectureData {
    return buildArchitecture(name, options)
  },

  /**
   * Output shape, parameters and multiply-accumulates of every layer, without making the network.
   *
   * @param options `preset`: whose batch norm setting is taken where the architecture does not say; left out, none has
   * it, as in the paper
   * @throws C3D_INVALID_CONFIG, C3D_ARCHITECTURE (layers that do not fit together)
   */
  describe(
    architecture: ArchitectureInput,
    classes: number,
    options: { preset?: PresetName | undefined } = {},
  ): ArchitectureSummary {
    const defaults = presets[options.preset ?? paperPreset].model
    return describeArchitecture(resolveArchitecture(architecture, defaults), classes)
  },
}
