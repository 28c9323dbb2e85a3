// What a program may do to a training under way. Run as: node scenarios.cjs NAME DATA-FOLDER
// Prints what the test looks for; the test asserts the exit status.
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads')
const { C3D, ClipLoader, VideoDataset, train } = require('../..')

const [name, folder] = isMainThread ? process.argv.slice(2) : [workerData.name, workerData.folder]

/** A network whose step takes long enough to be interrupted. */
async function startTraining({ epochs = 1000, signal, small = false } = {}) {
  const data = await VideoDataset.open(folder)
  const side = small ? 16 : 96
  const model = await C3D.create({
    architecture: {
      name: 'depth-3',
      widthMultiplier: small ? 1 / 16 : 1 / 4,
      input: { height: side, width: side },
    },
    classes: data.classes,
    device: 'cpu',
  })
  return { data, model, run: train(model, data, { epochs, batchSize: 8 }, { signal }) }
}

/** Resolves in the middle of the second step. */
async function middleOfAStep(run) {
  for await (const event of keepOpen(run)) if (event.type === 'step') break
  await new Promise((resolve) => setTimeout(resolve, 50))
}

/** Leaving a loop over this does not stop the run. */
function keepOpen(run) {
  const iterator = run[Symbol.asyncIterator]()
  return { [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) }
}

/** Reads clips, pass after pass; resolves in the middle of the second one, which goes on. */
async function middleOfAPass() {
  const data = await VideoDataset.open(folder)
  const loader = new ClipLoader(data, { batchSize: 3, shuffle: true, loader: { threads: 4 } })
  for await (const _ of loader);
  const pass = loader[Symbol.asyncIterator]()
  await pass.next()
  const reading = (async () => {
    while (!(await pass.next()).done);
    for (;;) for await (const _ of loader);
  })()
  return { loader, reading }
}

function inWorker(scenario) {
  return new Worker(__filename, { workerData: { name: scenario, folder } })
}

function ended(worker) {
  return new Promise((resolve, reject) => {
    worker.once('exit', resolve)
    worker.once('error', reject)
  })
}

const scenarios = {
  async 'exit in the middle of a step'() {
    const { run } = await startTraining()
    await middleOfAStep(run)
    process.exit(7)
  },
  async 'uncaught exception in the middle of a step'() {
    const { run } = await startTraining()
    await middleOfAStep(run)
    setImmediate(() => {
      throw new Error('thrown by the test')
    })
    await run.done
  },
  async 'exit while a model is being made'() {
    C3D.create({ architecture: 'c3d', classes: ['a', 'b'], device: 'cpu' })
    setTimeout(() => process.exit(7), 30)
  },
  async 'exit while a model computes'() {
    const model = await C3D.create({ architecture: 'depth-3', classes: ['a', 'b'], device: 'cpu' })
    model.forward({ data: new Float32Array(4 * 3 * 16 * 112 * 112), shape: [4, 3, 16, 112, 112] })
    setTimeout(() => process.exit(7), 50)
  },
  async 'exit while videos are counted'() {
    VideoDataset.open(folder)
    setTimeout(() => process.exit(7), 5)
  },
  async break() {
    const { run } = await startTraining()
    for await (const event of run) if (event.type === 'step') break
    const { reason } = await run.done
    console.log(`reason ${reason}, listeners ${process.listenerCount('exit')}`)
  },
  async abort() {
    const controller = new AbortController()
    const { run } = await startTraining({ signal: controller.signal })
    try {
      for await (const event of run) if (event.type === 'step') controller.abort(new Error('enough'))
    } catch (error) {
      console.log(`${error.code}, cause ${error.cause.message}, listeners ${process.listenerCount('exit')}`)
    }
  },
  async 'abort before the start'() {
    const { run } = await startTraining({ signal: AbortSignal.abort(new Error('never')) })
    await run.done.catch((error) => console.log(`${error.code}, cause ${error.cause.message}`))
  },
  async 'to the end'() {
    const { run, model, data } = await startTraining({ epochs: 2, small: true })
    let epochs = 0
    for await (const _ of run.epochs()) epochs++
    model.close()
    data.close()
    console.log(`epochs ${epochs}, listeners ${process.listenerCount('exit')}`)
  },
  async 'terminate a worker in the middle of a step'() {
    const worker = inWorker('report the middle of a step')
    const exit = ended(worker)
    await new Promise((resolve) => worker.once('message', resolve))
    const begun = Date.now()
    await worker.terminate()
    console.log(`worker ${await exit}, within ${Date.now() - begun < 20_000}`)
  },
  async 'report the middle of a step'() {
    const { run } = await startTraining()
    await middleOfAStep(run)
    parentPort.postMessage('in a step')
    await run.done
  },
  async 'exit of a worker in the middle of a step'() {
    console.log(`worker ${await ended(inWorker('exit in the middle of a step'))}`)
  },
  async 'two workers train'() {
    const codes = await Promise.all([ended(inWorker('train a little')), ended(inWorker('train a little'))])
    console.log(`workers ${codes}`)
  },
  async 'train a little'() {
    const { run } = await startTraining({ epochs: 3, small: true })
    let epochs = 0
    for await (const _ of run.epochs()) epochs++
    if (epochs !== 3) process.exit(9)
  },
  async 'exit while clips are read'() {
    await middleOfAPass()
    process.exit(7)
  },
  async 'terminate a worker that reads clips'() {
    const worker = inWorker('report the middle of a pass')
    const exit = ended(worker)
    await new Promise((resolve) => worker.once('message', resolve))
    await worker.terminate()
    console.log(`worker ${await exit}`)
  },
  async 'report the middle of a pass'() {
    const { reading } = await middleOfAPass()
    parentPort.postMessage('in a pass')
    await reading
  },
  async 'a loader that nobody closes'() {
    const data = await VideoDataset.open(folder)
    const pass = new ClipLoader(data, { batchSize: 3 })[Symbol.asyncIterator]()
    const { value } = await pass.next()
    console.log(`clips ${value.labels.length}`)
  },
  async 'collect models'() {
    const shape = [1, 3, 16, 16, 16]
    const architecture = { name: 'depth-3', widthMultiplier: 1 / 4, input: { height: 16, width: 16 } }
    for (let i = 0; i < 20; i++) {
      const model = await C3D.create({ architecture, classes: ['a', 'b'], device: 'cpu' })
      // The answer is wanted, the model no more: it may be collected while it computes.
      model.forward({ data: new Float32Array(3 * 16 * 16 * 16), shape }).then(() => {})
      global.gc()
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
    global.gc()
    console.log(`external ${process.memoryUsage().external < 20e6}`)
  },
}

scenarios[name]()
