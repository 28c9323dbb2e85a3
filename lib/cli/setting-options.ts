import { type Command, Option } from 'commander'
import { samplingModes } from '../config/sampling'
import { cacheOption, precisionOption, presetOption, toClips, toNumber, toSize } from './options'

/** Options of the network and of the recipe, for training one network or several. */
export function addSettingOptions(command: Command): Command {
  return command
    .addOption(presetOption())
    .option('--config <file>', 'settings as JSON, e.g. the config.json of a run; options win over it')
    .option('--epochs <number>', 'times that the data is seen', toNumber)
    .option('--batch-size <clips>', 'clips a pass', toNumber)
    .option('--accumulate <passes>', 'passes of so many clips each that make a step (default: 1)', toNumber)
    .option('--learning-rate <number>', 'at the start', toNumber)
    .option('--weight-decay <number>', 'pull of the weights towards 0', toNumber)
    .addOption(
      new Option('--sampling <mode>', 'which clips of a video an epoch shows').choices(samplingModes),
    )
    .option('--clips-per-video <number>', 'for random and uniform sampling', toNumber)
    .addOption(precisionOption())
    .addOption(cacheOption())
    .option('--flip', 'mirror half of the training clips')
    .option('--no-flip', 'mirror none: where left and right matter')
    .option('--mixup <alpha>', 'mix clips with each other: weighted means; 0: none', toNumber)
    .option('--cutmix <alpha>', 'mix clips with each other: a box of another clip; 0: none', toNumber)
    .option('--frames <number>', 'frames of a clip (default: 16)', toNumber)
    .option(
      '--input-size <pixels>',
      "of a clip's frames, like 112 or 128x112 (width x height; default: 112)",
      toSize,
    )
    .option(
      '--resize <pixels>',
      "of the whole frame, which clips are cut from, like 171x128 (default: as much larger as the paper's)",
      toSize,
    )
    .option(
      '--temporal-stride <number>',
      'frames of the video from one frame of a clip to the next',
      toNumber,
    )
    .option('--width-multiplier <number>', 'makes every layer wider or narrower', toNumber)
    .option('--spatial-kernel <pixels>', 'height and width of the kernels, odd (default: 3)', toNumber)
    .option('--batch-norm', 'batch norm behind every convolution')
    .option('--no-batch-norm', 'behind none')
    .option('--dropout <number>', 'behind fc6 and fc7', toNumber)
    .option('--validation-clips <number>', "clips of a video in validation, or 'all'", toClips)
}

/** Options of a network that is described or measured, not trained. */
export function addNetworkOptions(command: Command): Command {
  return command
    .option('--classes <number>', 'outputs of the network', toNumber)
    .addOption(presetOption())
    .option('--config <file>', 'settings as JSON, e.g. the config.json of a run; options win over it')
    .option('--frames <number>', 'frames of a clip', toNumber)
    .option('--input-size <pixels>', "of a clip's frames, like 112 or 128x112 (width x height)", toSize)
    .option('--width-multiplier <number>', 'makes every layer wider or narrower', toNumber)
    .option('--spatial-kernel <pixels>', 'height and width of the kernels, odd', toNumber)
    .option('--batch-norm', 'batch norm behind every convolution')
    .option('--no-batch-norm', 'behind none')
}
