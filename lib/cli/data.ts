import type { Command } from 'commander'
import { addDataCheckCommand } from './data/check'
import { addDataMeanCommand } from './data/mean'
import { addDataPackCommand } from './data/pack'
import type { RunCommand } from './program'

/** `c3d data …`: looks at data sets before anything is trained on them. */
export function addDataCommand(program: Command, run: RunCommand): void {
  const data = program.command('data').description('Looks at videos before they are trained on.')
  addDataCheckCommand(data, run)
  addDataMeanCommand(data, run)
  addDataPackCommand(data, run)
}
