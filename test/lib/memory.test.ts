import { resolveModel } from '../../lib/config/model'
import { resolveTraining } from '../../lib/config/training'
import { forecastMemory, gigabytes, memoryWarning } from '../../lib/training/memory'

const { preprocessing } = resolveModel({ classes: ['a', 'b'] }).config
const summary = { layers: [], parameters: 25e6, macs: 0, activationBytes: 200e6 }
const input = { frames: 16, height: 112, width: 112 }
const config = resolveTraining({ batchSize: 12, accumulate: 2, loader: { prefetch: 1 } }, 'paper-section-3')
const forecast = forecastMemory({ config, preprocessing, summary, input })
const clips = 3 * 24 * 3 * 16 * 112 * 112

test('the parts of a forecast', () => {
  expect(forecast).toEqual({
    weights: 100e6,
    gradients: 100e6,
    momentum: 100e6,
    activations: 2400e6,
    clipsAPass: 12,
    clips,
    cache: 0,
    total: 2800e6 + clips,
  })
  const plain = resolveTraining({ optimizer: { momentum: 0 }, cache: 'memory' }, 'paper-section-3')
  const other = forecastMemory({ config: plain, preprocessing, summary, input, frames: [60, 40] })
  expect(other).toMatchObject({ momentum: 0, cache: 100 * 171 * 128 * 3, clipsAPass: 7 })
})

const system = (available: number) => ({ available, total: 16e9 })

test('what fits needs no word', () => {
  expect(memoryWarning(forecast, config, { system: system(3e9), device: undefined })).toBeUndefined()
})

test('passes that fit make the same steps', () => {
  // 2.7 GB and the clips are needed beside the weights: 9 clips fit, and of the divisors of 24 it is 8.
  const message = memoryWarning(forecast, config, { system: system(2.27e9), device: undefined })
  expect(message).toContain('needs about 2.7 GB of memory more')
  expect(message).toContain('activations of 12 clips, but the machine has 2.3 GB left (16.0 GB in all)')
  expect(message).toContain('batchSize 8 and accumulate 3 (--batch-size 8 --accumulate 3)')
})

test('where not even one clip fits, the clips are too large', () => {
  const message = memoryWarning(forecast, config, { system: system(0.3e9), device: undefined })
  expect(message).toContain('Make the clips or the network smaller')
})

test('what the machine has not got at all is an error', () => {
  const tiny = { available: 1e9, total: 2e9 }
  expect(() => memoryWarning(forecast, config, { system: tiny, device: undefined })).toThrow(
    expect.objectContaining({ code: 'C3D_OUT_OF_MEMORY', message: expect.stringContaining('batchSize 3') }),
  )
  // The forecast is one of float32, so that it is only a warning elsewhere.
  const lower = { ...config, precision: 'bfloat16' as const }
  expect(memoryWarning(forecast, lower, { system: tiny, device: undefined })).toContain('batchSize 3')
})

test('a forecast for lower precision says that it is one of float32', () => {
  const caveatIn = (precision: typeof config.precision) =>
    forecastMemory({ config: { ...config, precision }, preprocessing, summary, input }).caveat
  expect(caveatIn('float32')).toBeUndefined()
  expect(caveatIn('bfloat16')).toMatch(/counted as in float32: in bfloat16 it takes less/)
})

test('on a CUDA device, its memory counts for what is computed and the machine’s for what is read', () => {
  const device = { free: 1.5e9, total: 80e9 }
  expect(memoryWarning(forecast, config, { system: system(3e9), device })).toContain(
    'the device has 1.5 GB left',
  )
  const free = { free: 80e9, total: 80e9 }
  expect(memoryWarning(forecast, config, { system: system(1e9), device: free })).toBeUndefined()
  expect(memoryWarning(forecast, config, { system: system(1e6), device: free })).toContain(
    'the machine has 1 MB',
  )
})

test('bytes for people', () => {
  expect([1.25e9, 999e6, 0].map(gigabytes)).toEqual(['1.3 GB', '999 MB', '0 MB'])
})
