/**
 * Compares a 2D and a 3D network on a folder of <class>/<video>, two trainings each. Stopped or killed, the same command
 * goes on.
 *
 *   node examples/study.mjs path/to/videos runs/study
 */
import { study, VideoDataset } from 'torch-c3d'

const [folder, out = 'runs/study'] = process.argv.slice(2)
if (!folder) {
  console.error('Usage: node examples/study.mjs <folder of class folders> [study folder]')
  process.exit(2)
}

const data = await VideoDataset.open(folder)
const run = study(data, {
  nets: ['depth-1', 'depth-3'],
  network: { widthMultiplier: 0.125, input: { height: 32, width: 32 } },
  seeds: 2,
  training: { epochs: 10, sampling: { flipProbability: 0 }, cache: 'memory' },
  out,
})
for await (const event of run) {
  if (event.type === 'training')
    console.log(`${event.number}/${event.total}: ${event.net}, seed ${event.seed}`)
  if (event.type === 'epoch') console.log(`  epoch ${event.epoch}: loss ${event.loss.toFixed(3)}`)
}

const { nets } = await run.done
for (const { name, parameters, clipTop1 } of nets)
  console.log(`${name}: ${parameters} parameters, ${(100 * (clipTop1?.mean ?? 0)).toFixed(1)}% of the clips`)
console.log(`tables and charts in ${out}`)
