// Trainings that something goes wrong with which only a process of its own can be made to suffer. Run as:
// node troubled-run.cjs TROUBLE DATA-FOLDER RUN-FOLDER. Prints what became of it as a line of JSON.
const { execFileSync } = require('node:child_process')
const { readFileSync } = require('node:fs')
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads')
const { C3D, VideoDataset, train } = require('../..')

/**
 * @param {readonly string[]} classes
 * @param {number} size of the frames
 */
const createModel = (classes, size = 16) =>
  C3D.create({
    architecture: {
      name: 'depth-3',
      input: { frames: 8, height: size, width: size },
      widthMultiplier: 1 / 8,
    },
    classes,
    device: 'cpu',
    seed: 1,
  })

/** @param {string[]} limits as prlimit takes them */
const limitSelf = (...limits) => execFileSync('prlimit', [`--pid=${process.pid}`, ...limits])

/** @type {Record<string, (data: import('../..').VideoDataset, out: string) => Promise<object>>} */
const troubles = {
  /** Checkpoints get larger than files may be, once training is under way. */
  async disk(data, out) {
    const model = await createModel(data.classes)
    const run = train(model, data, { epochs: 1000, checkpoint: { everySteps: 1 }, out })
    let limited = false
    for await (const event of run) {
      if (event.type !== 'checkpoint' || limited) continue
      limitSelf('--fsize=20000')
      limited = true
    }
    return {}
  },

  /** No more memory than the process has, and a little. */
  async memory(data, out) {
    const small = await createModel(data.classes)
    await train(small, data, { epochs: 1 }).done
    const model = await createModel(data.classes, 112)
    const [, kilobytes] = readFileSync('/proc/self/status', 'utf8').match(/VmSize:\s+(\d+) kB/) ?? []
    limitSelf(`--as=${1024 * Number(kilobytes) + 150e6}`)
    await train(model, data, { epochs: 1, batchSize: 64, sampling: { clipsPerVideo: 8 }, out }).done
    return {}
  },

  /** Somebody else's folder. */
  async permissions(data, out) {
    const model = await createModel(data.classes)
    if (process.getuid?.() === 0) process.setuid?.(65534)
    await train(model, data, { epochs: 1, out }).done
    return {}
  },

  /** Another thread has the folder, which then ends without a word. */
  async worker(data, out) {
    const worker = new Worker(__filename, { workerData: { folder: data.folder, out } })
    await new Promise((resolve) => worker.once('message', resolve))
    const model = await createModel(data.classes)
    const second = await train(model, data, { epochs: 1, out, overwrite: true }).done.catch(describe)
    await worker.terminate()
    const third = await train(model, data, { epochs: 1, out, overwrite: true }).done
    return { second, third: third.reason }
  },
}

/** @param {any} error */
const describe = (error) => ({ code: error.code, message: error.message })

/** @param {{ folder: string, out: string }} data */
async function trainInWorker({ folder, out }) {
  const data = await VideoDataset.open(folder, { cache: false })
  const model = await createModel(data.classes)
  for await (const event of train(model, data, { epochs: 100_000, out }))
    if (event.type === 'step') parentPort?.postMessage('training')
}

/** @param {string[]} args */
async function main([trouble = '', folder = '', out = '']) {
  const data = await VideoDataset.open(folder, { cache: false })
  const answer = await troubles[trouble]?.(data, out).catch(describe)
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}

if (isMainThread) main(process.argv.slice(2))
else trainInWorker(workerData)
