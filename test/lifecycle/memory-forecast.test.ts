import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { makeFrameFolders } from '../support/frame-folders'
import { temporaryFolder } from '../support/temporary'

const { folder } = makeFrameFolders(path.join(temporaryFolder(), 'data'), {
  classes: 2,
  videos: 12,
  frames: 16,
  width: 28,
  height: 21,
})

function measure(settings: object): { before: number; forecast: Record<string, number>; peak: number } {
  const script = path.resolve(__dirname, '../support/measure-memory.cjs')
  return JSON.parse(
    execFileSync(process.execPath, [script, folder, JSON.stringify(settings)], { encoding: 'utf8' }),
  )
}

test.each([true, false])('the memory of a training is what was forecast, batch norm %p', (batchNorm) => {
  const input = { width: 96, height: 96 }
  const architecture = { name: 'c3d', input, widthMultiplier: 1 / 8, batchNorm }
  const { before, forecast, peak } = measure({ architecture, training: { batchSize: 24, maxSteps: 1 } })
  const { total = 0, weights = 0 } = forecast
  // Mostly activations, so that the formula is what is tested.
  expect(forecast.activations).toBeGreaterThan(0.5 * total)
  const expected = before + total - weights // which are there before
  expect(peak / expected).toBeGreaterThan(0.75)
  expect(peak / expected).toBeLessThan(1.25)
})
