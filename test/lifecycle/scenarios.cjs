// What a program may do to work under way. Run as: node scenarios.cjs NAME DATA-FOLDER
// Prints what the test looks for; the test asserts the exit status.
const { existsSync, readdirSync } = require('node:fs')
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads')
const { C3D, ClipLoader, VideoDataset, evaluate, runtime, train } = require('../..')

const [name, folder] = isMainThread ? process.argv.slice(2) : [workerData.name, workerData.folder]

/** A network whose step takes long enough to be interrupted. */
async function startTraining({ epochs = 1000, signal, small = false } = {}) {
  const data = await VideoDataset.open(folder)
  const side = small ? 16 : 96
  const model = await C3D.create({
    architecture: {
      name: 'depth-3',
      widthMultiplier: small ? 1 / 16 : 1 / 8,
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

/** A trainer, and a batch whose step takes long enough to be interrupted; or a quick one. */
async function startTrainer({ small = false } = {}) {
  const data = await VideoDataset.open(folder)
  const side = small ? 16 : 96
  const model = await C3D.create({
    architecture: {
      name: 'depth-3',
      widthMultiplier: small ? 1 / 16 : 1 / 8,
      input: { height: side, width: side },
    },
    classes: data.classes,
    device: 'cpu',
  })
  const trainer = model.trainer({ schedule: { type: 'constant' } })
  const loader = new ClipLoader(data, { model, batchSize: 8 })
  const { value: batch } = await loader[Symbol.asyncIterator]().next()
  return { data, model, trainer, loader, batch }
}

/** Resolves in the middle of the second step of a trainer; the promise of that step is in what it resolves to. */
async function middleOfATrainerStep() {
  const { trainer, batch } = await startTrainer()
  await trainer.step(batch)
  const step = trainer.step(batch)
  await new Promise((resolve) => setTimeout(resolve, 50))
  return { step }
}

/** Resolves while a prediction computes and more of them wait. */
async function manyPredictions(signal) {
  runtime.configure({ concurrency: 2 })
  const model = await C3D.create({ architecture: 'depth-3', classes: ['a', 'b'], device: 'cpu' })
  const batch = { data: new Float32Array(3 * 16 * 112 * 112), shape: [1, 3, 16, 112, 112] }
  const answers = Array.from({ length: 20 }, () => model.forward(batch, { signal }))
  await new Promise((resolve) => setTimeout(resolve, 50))
  return { model, answers }
}

/** The code that each of some calls fails with. */
async function codesOf(...calls) {
  const codes = []
  for (const call of calls) codes.push(await call().then(String, (error) => error.code))
  return [...new Set(codes)].join()
}

/** Throws in a later turn, where nobody catches. */
function throwSoon() {
  setImmediate(() => {
    throw new Error('thrown by the test')
  })
}

async function terminated(scenario) {
  const worker = inWorker(scenario)
  const exit = ended(worker)
  await new Promise((resolve) => worker.once('message', resolve))
  await worker.terminate()
  console.log(`worker ${await exit}`)
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

const threads = () => (existsSync('/proc/self/task') ? readdirSync('/proc/self/task').length : 0)

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
  async 'uncaught exception while clips are read'() {
    const { reading } = await middleOfAPass()
    throwSoon()
    await reading
  },
  async 'exit in the middle of a step of a loop'() {
    await middleOfATrainerStep()
    process.exit(7)
  },
  async 'uncaught exception in the middle of a step of a loop'() {
    const { step } = await middleOfATrainerStep()
    throwSoon()
    await step
  },
  async 'terminate a worker in the middle of a step of a loop'() {
    await terminated('report the middle of a step of a loop')
  },
  async 'report the middle of a step of a loop'() {
    const { step } = await middleOfATrainerStep()
    parentPort.postMessage('in a step')
    await step
  },
  async 'exit while predictions wait'() {
    await manyPredictions()
    process.exit(7)
  },
  async 'uncaught exception while predictions wait'() {
    const { answers } = await manyPredictions()
    throwSoon()
    await Promise.all(answers)
  },
  async 'terminate a worker while predictions wait'() {
    await terminated('report that predictions wait')
  },
  async 'report that predictions wait'() {
    const { answers } = await manyPredictions()
    parentPort.postMessage('they wait')
    await Promise.all(answers)
  },
  async 'abort predictions'() {
    const controller = new AbortController()
    const { model, answers } = await manyPredictions(controller.signal)
    controller.abort()
    const outcomes = await Promise.allSettled(answers)
    const aborted = outcomes.filter(({ reason }) => reason?.code === 'C3D_ABORTED')
    const { data, shape } = { data: new Float32Array(3 * 16 * 112 * 112), shape: [1, 3, 16, 112, 112] }
    const next = await model.forward({ data, shape })
    console.log(
      `aborted ${aborted.length > 15}, next ${next.length}, listeners ${process.listenerCount('exit')}`,
    )
  },
  async 'use after close'() {
    const { data, model, trainer, loader, batch } = await startTrainer({ small: true })
    const other = await C3D.create({ architecture: model.architecture, classes: ['a', 'b'], device: 'cpu' })
    const input = { data: new Float32Array(3 * 16 * 16 * 16), shape: [1, 3, 16, 16, 16] }
    const orphan = model.trainer({ schedule: { type: 'constant' } })
    for (const handle of [trainer, loader, model, data]) handle.close()
    const codes = await codesOf(
      () => trainer.step(batch),
      () => trainer.gradients(),
      () => orphan.step(batch),
      () => model.forward(input),
      () => model.predict(folder),
      () => evaluate(model, data),
      async () => train(model, data).done,
      async () => model.trainer(),
      async () => train(other, data).done,
      () => loader.pass(1).next(),
    )
    console.log(`codes ${codes}`)
  },
  async 'close in the middle of the work'() {
    const { model, trainer, loader, batch } = await startTrainer({ small: true })
    const shape = [1, 3, 16, 16, 16]
    const work = [
      trainer.step(batch),
      model.forward({ data: new Float32Array(3 * 16 * 16 * 16), shape }),
      loader.pass(2).next(),
    ]
    for (const handle of [trainer, model, loader]) handle.close()
    const outcomes = await Promise.allSettled(work)
    const known = outcomes.every(
      ({ status, reason }) => status === 'fulfilled' || ['C3D_CLOSED', 'C3D_ABORTED'].includes(reason?.code),
    )
    console.log(`known ${known}`)
  },
  async 'collect trainers'() {
    const { model, batch } = await startTrainer({ small: true })
    const steps = []
    for (let i = 0; i < 20; i++) {
      // Its step is under way when nobody holds the trainer any more.
      steps.push(model.trainer({ schedule: { type: 'constant' } }).step(batch))
      await new Promise((resolve) => setTimeout(resolve, 5))
      global.gc()
    }
    await Promise.all(steps)
    for (let i = 0; i < 3; i++) {
      global.gc()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const before = process.memoryUsage().external
    const held = Array.from({ length: 20 }, () => model.trainer({ schedule: { type: 'constant' } }))
    const grown = process.memoryUsage().external - before
    console.log(`told ${grown > 0 && held.length === 20}, external ${before < 20e6}`)
  },
  async 'collect loaders'() {
    const data = await VideoDataset.open(folder)
    const first = new ClipLoader(data, { batchSize: 3 })
    for await (const _ of first);
    first.close()
    const idle = threads() + 1 // a second one may wait for the next task
    const begin = () =>
      new ClipLoader(data, { batchSize: 3, loader: { threads: 2 } })[Symbol.asyncIterator]().next()
    for (let i = 0; i < 20; i++) {
      await begin()
      global.gc()
    }
    // Their passes were never ended, their threads are gone all the same.
    for (let i = 0; i < 100 && threads() > idle; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      global.gc()
    }
    console.log(`threads left ${Math.max(0, threads() - idle)}`)
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
