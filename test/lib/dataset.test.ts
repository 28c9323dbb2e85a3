import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { VideoDataset } from '../../lib'
import { type FakeBinding, fakeBinding, manualTask } from './fake-binding'

let binding: FakeBinding
jest.mock('../../lib/native/addon', () => ({ addon: () => binding }))

let folder: string
beforeEach(async () => {
  binding = fakeBinding()
  folder = await mkdtemp(path.join(tmpdir(), 'c3d-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function make(...files: string[]): Promise<void> {
  for (const file of files) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true })
    await writeFile(path.join(folder, file), '')
  }
}

const namesOf = (data: VideoDataset) => data.videos.map((video) => path.relative(folder, video.path))

describe('opening', () => {
  test('finds videos and frame folders, class by class, and passes over the rest', async () => {
    await make(
      'run/b.mp4',
      'run/a.AVI',
      'run/frames/0001.jpg',
      'run/.hidden.mp4',
      'run/notes.txt',
      'Walk/c.webm',
      'docs/readme.md',
      'LICENSE',
      '.cache/x/y.mp4',
    )
    const data = await VideoDataset.open(folder)
    expect(data.classes).toEqual(['Walk', 'run'])
    expect(namesOf(data)).toEqual(['Walk/c.webm', 'run/a.AVI', 'run/b.mp4', 'run/frames'])
    expect(data.videos[0]).toMatchObject({
      label: 'Walk',
      frames: 40,
      width: 320,
      framesPerSecond: 25,
      codec: 'h264',
    })
    expect(data.videos[0]).not.toHaveProperty('problem')
    expect(data.problems).toEqual([])
  })

  test('follows links', async () => {
    await make('videos/a.mp4', 'data/run/b.mp4')
    await symlink(path.join(folder, 'videos'), path.join(folder, 'data', 'walk'))
    expect((await VideoDataset.open(path.join(folder, 'data'))).classes).toEqual(['run', 'walk'])
  })

  test('leaves out what cannot be read, and tells it', async () => {
    await make('run/a.mp4', 'run/broken.mp4', 'run/nothing/x.txt', 'sit/broken.mp4', 'walk/c.mp4')
    const data = await VideoDataset.open(folder)
    expect(data.classes).toEqual(['run', 'walk'])
    expect(namesOf(data)).toEqual(['run/a.mp4', 'walk/c.mp4'])
    expect(data.problems.map(({ path: file, reason }) => [path.relative(folder, file), reason])).toEqual([
      ['run/nothing', 'a folder without jpg or png images, so no frame folder'],
      ['run/broken.mp4', 'no video stream'],
      ['sit/broken.mp4', 'no video stream'],
      ['sit', "no video of the class 'sit' can be read, so the class is left out"],
    ])
  })

  test('refuses classes that are not known before a video is opened', async () => {
    await make('run/a.mp4', 'sit/b.mp4', 'walk/c.mp4')
    const indexVideos = jest.spyOn(binding, 'indexVideos')
    await expect(VideoDataset.open(folder, { knownClasses: ['run', 'turn'] })).rejects.toMatchObject({
      code: 'C3D_INVALID_ARGUMENT',
      message:
        "The data set has the classes 'sit', 'walk', which the model does not know. Its classes: run, turn.",
    })
    expect(indexVideos).not.toHaveBeenCalled()
  })

  test('reports its progress', async () => {
    await make('run/a.mp4', 'walk/c.mp4')
    const progress = jest.fn()
    await VideoDataset.open(folder, { onProgress: progress, threads: 1 })
    expect(progress).toHaveBeenLastCalledWith({ done: 2, total: 2, path: path.join(folder, 'walk/c.mp4') })
  })

  test('is stopped by its signal', async () => {
    await make('run/a.mp4')
    const work = manualTask<never>()
    const controller = new AbortController()
    binding.indexVideos = () => {
      setImmediate(() => controller.abort())
      return work
    }
    const opening = VideoDataset.open(folder, { signal: controller.signal })
    await expect(opening).rejects.toMatchObject({ code: 'C3D_ABORTED' })
    expect(work.cancelled).toBe(true)
  })

  test.each([
    ['a folder that is not there', [], 'none', 'C3D_FILE_NOT_FOUND', "Cannot open '"],
    ['an empty folder', ['x/readme.txt'], 'x', 'C3D_EMPTY_DATASET', 'holds 0 folders, none with videos'],
    [
      'videos without classes',
      ['a.mp4', 'b.mp4'],
      '.',
      'C3D_EMPTY_DATASET',
      'holds 2 videos without a class folder',
    ],
    ['nothing that can be read', ['x/broken.mp4'], '.', 'C3D_EMPTY_DATASET', 'None of the videos of'],
    [
      'parts of a data set',
      ['train/run/a.mp4', 'val/run/b.mp4'],
      '.',
      'C3D_EMPTY_DATASET',
      'parts of a data set (train, val)',
    ],
  ])('refuses %s', async (_, files, name, code, message) => {
    await make(...files)
    const opening = VideoDataset.open(path.join(folder, name))
    await expect(opening).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
  })

  test('a closed data set says so, and closes its subsets', async () => {
    await make('run/a.mp4', 'run/b.mp4')
    const close = jest.fn()
    const index = binding.indexVideos
    binding.indexVideos = (...args) => {
      const task = index(...args)
      return { ...task, done: task.done.then((set) => ({ ...set, close })) }
    }
    const data = await VideoDataset.open(folder)
    const subset = data.subset((video) => video.path.endsWith('a.mp4'))
    expect(subset.videos).toHaveLength(1)
    subset.close()
    data.close()
    expect(close).toHaveBeenCalledTimes(1)
  })
})

describe('split', () => {
  const split = async (options: Parameters<VideoDataset['split']>[0]) => {
    const data = await VideoDataset.open(folder)
    const { training, validation } = data.split(options)
    return {
      data,
      training: namesOf(training),
      validation: namesOf(validation),
      parts: { training, validation },
    }
  }

  test('gives every class about its fraction, and every video one side', async () => {
    await make(...Array.from({ length: 20 }, (_, i) => `run/${i}.mp4`))
    await make(...Array.from({ length: 5 }, (_, i) => `walk/${i}.mp4`))
    await make('jump/0.mp4', 'jump/1.mp4', 'lone/0.mp4')
    const { data, training, validation, parts } = await split({ validation: 0.2, seed: 4 })
    expect([...training, ...validation].sort()).toEqual(namesOf(data).sort())
    const count = (label: string) => validation.filter((name) => name.startsWith(label)).length
    expect(['run', 'walk', 'jump', 'lone'].map(count)).toEqual([4, 1, 1, 0])
    expect(parts.validation.classes).toEqual(data.classes)
  })

  test('is the same for equal seeds, another for others', async () => {
    await make(...Array.from({ length: 30 }, (_, i) => `run/${i}.mp4`))
    const first = (await split({ seed: 1 })).validation
    expect((await split({ seed: 1 })).validation).toEqual(first)
    expect((await split({ seed: 2 })).validation).not.toEqual(first)
  })

  test('keeps the groups of UCF101 together', async () => {
    const group = (name: string) => /_g\d+/.exec(name)?.[0]
    for (const label of ['Archery', 'Biking'])
      for (let g = 1; g <= 10; g++)
        await make(
          ...[1, 2, 3, 4].map((c) => `${label}/v_${label}_g${String(g).padStart(2, '0')}_c0${c}.avi`),
        )
    for (let seed = 1; seed <= 20; seed++) {
      const { training, validation } = await split({ validation: 0.2, seed })
      expect(validation).toHaveLength(16)
      for (const label of ['Archery', 'Biking']) {
        const groups = (names: string[]) => names.filter((name) => name.startsWith(label)).map(group)
        const trained = new Set(groups(training))
        expect(groups(validation).some((name) => trained.has(name))).toBe(false)
      }
    }
    const { training, validation } = await split({ groupBy: 'none', seed: 1 })
    expect(validation.some((name) => training.map(group).includes(group(name)))).toBe(true)
  })

  test('keeps groups of the caller together, across classes', async () => {
    await make(
      ...['run', 'walk', 'jump'].flatMap((label) => [0, 1, 2, 3, 4].map((i) => `${label}/person${i}.mp4`)),
    )
    const person = (file: string) => path.basename(file)
    for (let seed = 1; seed <= 20; seed++) {
      const { training, validation } = await split({ seed, groupBy: (video) => person(video.path) })
      expect(validation).toHaveLength(3)
      const trained = new Set(training.map(person))
      expect(validation.map(person).some((name) => trained.has(name))).toBe(false)
    }
  })

  test('gives every class of two groups a validation video, and takes no class whole', async () => {
    await make('run/a_g01_c01.avi', 'run/a_g01_c02.avi', 'run/a_g01_c03.avi', 'run/a_g02_c01.avi')
    await make('walk/b_g01_c01.avi', 'walk/b_g01_c02.avi')
    const { training, validation } = await split({ validation: 0.05, seed: 1 })
    expect(validation).toEqual(['run/a_g02_c01.avi'])
    expect(training).toHaveLength(5)
  })

  test('keeps the groups of a manifest together, and what shows the same pictures', async () => {
    await make(...['a', 'b', 'c', 'd', 'e', 'f', 'copy1', 'copy2'].map((name) => `${name}.mp4`))
    const groups = { a: 'x', b: 'x', c: 'y', d: 'y', e: 'copies', copy1: 'copies' }
    const lines = ['a', 'b', 'c', 'd', 'e', 'f', 'copy1', 'copy2'].map((name) => {
      return `${name}.mp4,run,${groups[name as keyof typeof groups] ?? ''}`
    })
    const list = path.join(folder, 'list.csv')
    await writeFile(list, ['path,label,group', ...lines].join('\n'))
    const data = await VideoDataset.open(list)
    for (let seed = 1; seed <= 20; seed++) {
      const { training, validation } = data.split({ validation: 0.4, seed })
      for (const together of [
        ['a', 'b'],
        ['c', 'd'],
        ['e', 'copy1', 'copy2'],
      ]) {
        const there = together.filter((name) => namesOf(validation).includes(`${name}.mp4`))
        expect([0, together.length]).toContain(there.length)
      }
      expect(training.overlaps(validation)).toEqual([])
    }
    const parts = data.split({ groupBy: 'none', validation: 0.5, seed: 1 })
    expect(parts.training.overlaps(parts.validation).length).toBeGreaterThan(0)
  })

  test('says when there is nothing to part', async () => {
    await make('run/a.mp4', 'walk/b.mp4')
    await expect(split({})).rejects.toMatchObject({ code: 'C3D_EMPTY_DATASET' })
  })

  test.each([0, 1, -0.1, '0.2'])('refuses a fraction of %p', async (validation) => {
    await make('run/a.mp4')
    const data = await VideoDataset.open(folder)
    expect(() => data.split({ validation: validation as number })).toThrow(
      'at split.validation: expected a number',
    )
  })
})

describe('folds', () => {
  test('validate on every video once, with about equal mixtures', async () => {
    await make(...Array.from({ length: 20 }, (_, i) => `run/${i}.mp4`))
    await make(...Array.from({ length: 10 }, (_, i) => `walk/${i}.mp4`))
    await make(...Array.from({ length: 4 }, (_, i) => `jump/${i}.mp4`))
    const data = await VideoDataset.open(folder)
    const folds = data.folds(5, { seed: 3 })
    expect(folds).toHaveLength(5)
    expect(folds.flatMap(({ validation }) => namesOf(validation)).sort()).toEqual(namesOf(data).sort())
    for (const { training, validation } of folds) {
      const [jump = 0, run, walk] = validation.classCounts()
      expect([run, walk]).toEqual([4, 2])
      expect(jump).toBeLessThanOrEqual(1)
      expect(namesOf(training)).toEqual(namesOf(data).filter((name) => !namesOf(validation).includes(name)))
    }
    const names = (seed: number) => data.folds(5, { seed }).map(({ validation }) => namesOf(validation))
    expect(names(3)).toEqual(names(3))
    expect(names(3)).not.toEqual(names(4))
  })

  test('keep groups together', async () => {
    for (let g = 1; g <= 7; g++) await make(...[1, 2, 3].map((c) => `Archery/v_Archery_g0${g}_c0${c}.avi`))
    const data = await VideoDataset.open(folder)
    const sizes = data.folds(3).map(({ training, validation }) => {
      expect(training.overlaps(validation)).toEqual([])
      return validation.videos.length
    })
    expect(sizes.sort()).toEqual([6, 6, 9])
  })

  test('need a group each', async () => {
    await make('run/a.mp4', 'run/b.mp4', 'walk/a_g01_c01.avi', 'walk/a_g01_c02.avi')
    const data = await VideoDataset.open(folder)
    expect(() => data.folds(4)).toThrow('they are of 3 groups')
    expect(() => data.folds(1)).toThrow('at folds.count: expected a whole number of at least 2, got 1')
    expect(() => data.folds(2, { sed: 1 } as object)).toThrow("unknown setting 'sed' (did you mean 'seed'?)")
  })
})

describe('classes', () => {
  test('are counted, and weighed by the inverse of their counts with a mean of 1', async () => {
    await make('a/1.mp4', 'b/1.mp4', 'b/2.mp4', 'c/1.mp4', 'c/2.mp4', 'c/3.mp4', 'c/4.mp4')
    const data = await VideoDataset.open(folder)
    expect(data.classCounts()).toEqual([1, 2, 4])
    // 1, 1/2 and 1/4, whose mean is 7/12
    expect(data.classWeights()).toEqual([12 / 7, 6 / 7, 3 / 7])
    const some = data.subset((video) => video.label !== 'a')
    expect(some.classCounts()).toEqual([0, 2, 4])
    expect(some.classWeights()).toEqual([0, 4 / 3, 2 / 3])
    expect(data.subset(() => false).classWeights()).toEqual([0, 0, 0])
  })
})

describe('overlaps', () => {
  const openPair = async () => [
    await VideoDataset.open(path.join(folder, 'train')),
    await VideoDataset.open(path.join(folder, 'test')),
  ]

  test('are files, pictures and recordings; each video is told once', async () => {
    await make(
      'train/run/a.mp4',
      'train/run/copy.mp4',
      'train/run/v_run_g01_c01.avi',
      'train/walk/x_g02_c01.avi',
    )
    await make('test/run/b.mp4', 'test/run/copy2.avi', 'test/run/v_run_g01_c02.avi', 'test/run/x_g02_c01.avi')
    await make('test/run/copy.mp4')
    await rm(path.join(folder, 'test/run/copy.mp4'))
    await symlink(path.join(folder, 'train/run/copy.mp4'), path.join(folder, 'test/run/link-to-copy.mp4'))
    const [training, tested] = await openPair()
    const found = training?.overlaps(tested as VideoDataset).map(({ kind, videos: [here, there] }) => ({
      kind,
      here: here.map((video) => path.basename(video.path)),
      there: there.map((video) => path.basename(video.path)),
    }))
    expect(found).toEqual([
      { kind: 'file', here: ['copy.mp4'], there: ['link-to-copy.mp4'] },
      { kind: 'pictures', here: ['copy.mp4'], there: ['copy2.avi'] },
      { kind: 'group', here: ['v_run_g01_c01.avi'], there: ['v_run_g01_c02.avi'] },
    ])
  })

  test('are parts of one file, however far from each other', async () => {
    await make('a.mp4')
    const list = path.join(folder, 'list.csv')
    await writeFile(list, 'path,label,start,end\na.mp4,run,0,10\na.mp4,run,30,40\n')
    const data = await VideoDataset.open(list)
    const [first, second] = [0, 30].map((start) => data.subset((video) => video.start === start))
    expect(first?.overlaps(second as VideoDataset)).toMatchObject([{ kind: 'file' }])
  })
})

describe('report', () => {
  test('tells sizes, lengths, imbalance and duplicates; those with different labels first', async () => {
    await make('run/copy1.mp4', 'run/copy2.mp4', 'walk/a.mp4', 'walk/broken.mp4', 'run/b.mp4')
    await symlink(path.join(folder, 'walk/a.mp4'), path.join(folder, 'run/c.mp4'))
    const data = await VideoDataset.open(folder)
    const report = data.report({ clipLength: 41 })
    expect(report).toMatchObject({
      source: folder,
      files: 5,
      videos: 5,
      frames: 200,
      classes: [
        { label: 'run', videos: 4, frames: 160 },
        { label: 'walk', videos: 1, frames: 40 },
      ],
      unlabelled: 0,
      imbalance: 4,
      sizes: [{ width: 320, height: 240, videos: 5 }],
      lengths: { shortest: 40, median: 40, longest: 40 },
      shorterThanClip: { frames: 41, videos: 5 },
      frameRates: [{ framesPerSecond: 25, videos: 5 }],
      codecs: [{ codec: 'h264', videos: 5 }],
      notCompared: 3,
      problems: [{ reason: 'no video stream' }],
    })
    expect(
      report.duplicates.map(({ labelsDiffer, videos }) => [labelsDiffer, ...videos.map((v) => v.label)]),
    ).toEqual([
      [true, 'run', 'walk'],
      [false, 'run', 'run'],
    ])
  })

  test('parts of a file that do not meet are no duplicates', async () => {
    await make('a.mp4')
    const list = path.join(folder, 'list.csv')
    await writeFile(list, 'path,label,start,end\na.mp4,run,0,10\na.mp4,run,30,\na.mp4,walk,5,20\n')
    const { duplicates, files, videos, lengths } = (await VideoDataset.open(list)).report()
    expect({ files, videos, lengths }).toEqual({
      files: 1,
      videos: 3,
      lengths: { shortest: 10, median: 10, longest: 15 },
    })
    expect(duplicates.map((found) => found.videos.map(({ start, end }) => [start, end]))).toEqual([
      [
        [0, 10],
        [5, 20],
      ],
    ])
  })

  test('inspect opens what open refuses', async () => {
    await make('loose.mp4')
    const loose = await VideoDataset.inspect(folder)
    expect(loose.report()).toMatchObject({ videos: 1, unlabelled: 1, classes: [], imbalance: null })
    await make('run/broken.mp4')
    await rm(path.join(folder, 'loose.mp4'))
    expect((await VideoDataset.inspect(folder)).report()).toMatchObject({
      videos: 0,
      lengths: null,
      files: 0,
    })
    await expect(VideoDataset.open(folder)).rejects.toMatchObject({ code: 'C3D_EMPTY_DATASET' })
  })
})
