import { Worker } from 'node:worker_threads'
import { runtime } from '../../lib'
import { defaultCudaSwitches } from '../../lib/config/runtime'
import { addonFiles } from '../../lib/native/addon'

afterEach(() => runtime.configure(defaultCudaSwitches))

test('cuDNN tries its algorithms, of all kinds, until something else is asked for', () => {
  expect(runtime.info()).toMatchObject({ deterministic: false, cudnnBenchmark: true })
  runtime.configure({ cudnnBenchmark: false })
  expect(runtime.info()).toMatchObject({ deterministic: false, cudnnBenchmark: false })
})

test('what is deterministic leaves the trying out, whatever is said of it, and brings it back', () => {
  runtime.configure({ deterministic: true })
  expect(runtime.info()).toMatchObject({ deterministic: true, cudnnBenchmark: false })
  runtime.configure({ cudnnBenchmark: true })
  expect(runtime.info()).toMatchObject({ deterministic: true, cudnnBenchmark: false, tf32: false })
  runtime.configure({ deterministic: false })
  expect(runtime.info()).toMatchObject({ deterministic: false, cudnnBenchmark: true })
})

test('a worker that loads the addon changes nothing of what the process has chosen', async () => {
  runtime.configure({ deterministic: true, tf32: true })
  // What `addon()` does with it.
  const load = `
    const { parentPort, workerData } = require('node:worker_threads')
    const binding = require(workerData.file)
    binding.setDefaultCudaSwitches(workerData.defaults)
    parentPort.postMessage(binding.runtimeInfo())`
  const file = addonFiles()[0] ?? ''
  const worker = new Worker(load, { eval: true, workerData: { file, defaults: defaultCudaSwitches } })
  const chosen = { deterministic: true, cudnnBenchmark: false, tf32: true }
  expect(await new Promise((resolve) => worker.once('message', resolve))).toMatchObject(chosen)
  await worker.terminate()
  expect(runtime.info()).toMatchObject(chosen)
})
