import type { Architecture } from '../config/architectures'
import { type Match, type ResolvedStudy, resolveNets, resolveReference } from '../config/study'
import { describeArchitecture } from '../model'
import { matchWidths } from './match-widths'

/** A network of a study, as it is trained. */
export interface StudyNet {
  name: string
  architecture: Architecture
  parameters: number
  /** Multiply-accumulates for one clip. */
  macs: number
}

/** What the networks were matched with. */
export interface MatchTarget {
  match: Exclude<Match, 'none'>
  /** The name of the network, and its parameters or multiply-accumulates. */
  net: string
  target: number
}

/** Throws C3D_INVALID_CONFIG, C3D_ARCHITECTURE. */
export async function studyNets(
  study: ResolvedStudy,
  classes: number,
): Promise<{ nets: StudyNet[]; target: MatchTarget | null }> {
  const given = resolveNets(study)
  const describe = (architecture: Architecture): StudyNet => {
    const { parameters, macs } = describeArchitecture(architecture, classes)
    return { name: architecture.name, architecture, parameters, macs }
  }
  const { match } = study
  if (match === 'none') return { nets: given.map(describe), target: null }
  const measure = (architecture: Architecture) => describeArchitecture(architecture, classes)[match]
  const reference = resolveReference(given, study)
  const target = measure(reference)
  const nets: StudyNet[] = []
  for (const net of given) {
    nets.push(describe(net === reference ? net : await matchWidths(net, target, measure)))
  }
  return { nets, target: { match, net: reference.name, target } }
}
