import type { Command } from 'commander'
import type { RunCommand } from './program'
import { addSvmCrossValidateCommand } from './svm/cross-validate'
import { addSvmLabelCommand } from './svm/label'
import { addSvmPredictCommand } from './svm/predict'
import { addSvmSimilarityCommand } from './svm/similarity'
import { addSvmSplitsCommand } from './svm/splits'
import { addSvmTrainCommand } from './svm/train'

/** `c3d svm …`: linear support vector machines on extracted features. */
export function addSvmCommand(program: Command, run: RunCommand): void {
  const svm = program
    .command('svm')
    .summary('Linear support vector machines on features.')
    .description('Linear support vector machines on the features that c3d extract writes.')
  addSvmTrainCommand(svm, run)
  addSvmPredictCommand(svm, run)
  addSvmCrossValidateCommand(svm, run)
  addSvmSplitsCommand(svm, run)
  addSvmSimilarityCommand(svm, run)
  addSvmLabelCommand(svm, run)
}
