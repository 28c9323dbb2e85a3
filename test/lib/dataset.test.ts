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

  test('reports its progress', async () => {
    await make('run/a.mp4', 'walk/c.mp4')
    const progress = jest.fn()
    await VideoDataset.open(folder, { onProgress: progress, threads: 1 })
    expect(progress).toHaveBeenLastCalledWith({ done: 2, total: 2, path: path.join(folder, 'walk/c.mp4') })
  })

  test('is stopped by its signal', async () => {
    await make('run/a.mp4')
    const work = manualTask<never>()
    binding.indexVideos = () => work
    const controller = new AbortController()
    const opening = VideoDataset.open(folder, { signal: controller.signal })
    setTimeout(() => controller.abort(), 10)
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
