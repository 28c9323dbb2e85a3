import type { Command } from 'commander'
import { addDeconvolutionCommand } from './explain/deconvolution'
import { addFiltersCommand } from './explain/filters'
import { addGradCamCommand } from './explain/grad-cam'
import type { RunCommand } from './program'

/** `c3d explain …`: pictures of what a network looks at. */
export function addExplainCommand(program: Command, run: RunCommand): void {
  const explain = program.command('explain').description('Draws at what a network looks.')
  addGradCamCommand(explain, run)
  addDeconvolutionCommand(explain, run)
  addFiltersCommand(explain, run)
}
