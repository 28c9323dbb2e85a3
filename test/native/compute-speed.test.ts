import { Writable } from 'node:stream'
import { computeSpeed, runtime } from '../../lib'
import { runCommandLine } from '../../lib/cli/program'

const tiny = {
  name: 'depth-3',
  widthMultiplier: 1 / 16,
  input: { frames: 8, height: 16, width: 16 },
} as const

test('a network is measured with every round told', async () => {
  const told: number[] = []
  const speed = await computeSpeed(tiny, {
    classes: 3,
    batchSize: 2,
    rounds: 3,
    device: 'cpu',
    precision: 'float32',
    onProgress: ({ done }) => told.push(done),
  })
  expect(told).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  expect(speed).toMatchObject({ device: 'cpu', batchSize: 2, precision: 'float32' })
  for (const { seconds, clipsPerSecond, flops, ofPeak } of [speed.forward, speed.step]) {
    expect(clipsPerSecond).toBeCloseTo(2 / seconds)
    expect(flops).toBeGreaterThan(0)
    // Where the peak is known, nothing is faster; a network as small as this one is far slower.
    if (ofPeak !== null) expect(ofPeak).toBeLessThan(1)
  }
})

test('the peak of a processor is known where its vector instructions are', async () => {
  const { float32, bfloat16 } = await runtime.measurePeaks()
  if (process.arch === 'x64' && runtime.info().cpuCapability !== 'DEFAULT')
    expect(float32).toBeGreaterThan(1e9)
  // The instructions for bfloat16 do at least as much.
  if (bfloat16 !== null) expect(bfloat16).toBeGreaterThan(float32 ?? 0)
})

test('what cannot be measured is refused', async () => {
  await expect(computeSpeed(tiny, { rounds: 0 })).rejects.toMatchObject({ code: 'C3D_INVALID_CONFIG' })
  const signal = AbortSignal.abort()
  await expect(computeSpeed(tiny, { signal })).rejects.toMatchObject({ code: 'C3D_ABORTED' })
})

test('c3d bench prints what was measured', async () => {
  const written: string[] = []
  const stdout = new Writable({
    write(chunk, _, done) {
      written.push(String(chunk))
      done()
    },
  })
  const network = '--architecture depth-3 --width-multiplier 0.0625 --frames 8 --input-size 16 --classes 3'
  const options = `bench ${network} --batch-size 2 --rounds 1 --precision float32 --device cpu --json`
  expect(await runCommandLine(options.split(' '), { stdout, stderr: stdout })).toBe(0)
  const [speed] = written
    .join('')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(speed).toMatchObject({ type: 'speed', device: 'cpu', batchSize: 2, precision: 'float32' })
  expect(speed.step.clipsPerSecond).toBeGreaterThan(0)
})
