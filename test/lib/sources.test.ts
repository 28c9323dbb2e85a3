import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type OpenOptions, VideoDataset } from '../../lib'
import { datasetState } from '../../lib/dataset'
import { type FakeBinding, fakeBinding } from './fake-binding'

let binding: FakeBinding
jest.mock('../../lib/native/addon', () => ({ addon: () => binding }))

let folder: string
beforeEach(async () => {
  binding = fakeBinding()
  folder = await mkdtemp(path.join(tmpdir(), 'c3d-'))
})
afterEach(() => rm(folder, { recursive: true }))

const at = (...parts: string[]) => path.join(folder, ...parts)

async function write(name: string, ...lines: string[]): Promise<string> {
  await mkdir(path.dirname(at(name)), { recursive: true })
  await writeFile(at(name), lines.join('\n'))
  return at(name)
}

async function make(...names: string[]): Promise<void> {
  for (const name of names) await write(name)
}

/** Everything of the videos that their source decides. */
const itemsOf = (data: VideoDataset) =>
  data.videos.map(({ path: file, label, labels, start, end, group }) => ({
    path: path.relative(folder, file),
    label,
    ...(labels && { labels }),
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    ...(group !== undefined && { group }),
  }))

const problemsOf = (data: VideoDataset) =>
  data.problems.map(({ path: file, reason }) => [path.relative(folder, file), reason.replaceAll(folder, '')])

/** What opening such a file is refused with, the path of the folder taken out. */
async function refusal(name: string, lines: string[], options?: OpenOptions): Promise<string> {
  const file = await write(name, ...lines)
  const error = await VideoDataset.open(file, options).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ name: 'C3DError' })
  return `${(error as { code: string }).code} ${(error as Error).message.replaceAll(`${folder}/`, '')}`
}

describe('manifests', () => {
  beforeEach(() => make('videos/a.mp4', 'videos/b, c.mp4', 'videos/d.mp4'))

  test('a CSV file names videos, parts of them and groups; each file is indexed once', async () => {
    const indexed = jest.spyOn(binding, 'indexVideos')
    const file = await write(
      'list.csv',
      '\uFEFFpath,label,start,end,endSeconds,group,remark',
      'videos/a.mp4,run,0,16,,g1,',
      'videos/a.mp4,walk,16,,1,g1,starts slowly',
      '',
      '"videos/b, c.mp4", run ,,,,,"two',
      'lines"',
      `${at('videos/d.mp4')},walk,,,,,`,
    )
    const data = await VideoDataset.open(file)
    expect(data).toMatchObject({ source: file, folder, classes: ['run', 'walk'], problems: [], warnings: [] })
    expect(itemsOf(data)).toEqual([
      { path: 'videos/a.mp4', label: 'run', start: 0, end: 16, group: 'g1' },
      { path: 'videos/a.mp4', label: 'walk', start: 16, end: 25, group: 'g1' },
      { path: 'videos/b, c.mp4', label: 'run' },
      { path: 'videos/d.mp4', label: 'walk' },
    ])
    expect(indexed.mock.calls[0]?.[0]).toEqual(
      ['a.mp4', 'b, c.mp4', 'd.mp4'].map((name) => at('videos', name)),
    )
    expect(datasetState(data).items).toEqual([
      { video: 0, label: 'run', start: 0, end: 16 },
      { video: 0, label: 'walk', start: 16, end: 25 },
      { video: 1, label: 'run', start: 0, end: 0 },
      { video: 2, label: 'walk', start: 0, end: 0 },
    ])
  })

  test('a JSONL file says the same; labels and groups may be numbers', async () => {
    const file = await write(
      'list.jsonl',
      '{"path": "a.mp4", "label": 7, "startSeconds": 0.4, "end": null, "fps": 25}',
      '',
      '{"path": "d.mp4", "labels": ["run", "jump", "run"], "group": 3}',
    )
    const data = await VideoDataset.open(file, { root: at('videos') })
    expect(data.classes).toEqual(['7', 'jump', 'run'])
    expect(data.folder).toBe(at('videos'))
    expect(itemsOf(data)).toEqual([
      { path: 'videos/a.mp4', label: '7', start: 10 },
      { path: 'videos/d.mp4', label: 'run', labels: ['run', 'jump'], group: '3' },
    ])
    expect(data.classCounts()).toEqual([1, 1, 1])
  })

  test('a video may have no class, for a multi-label model', async () => {
    const lists = [
      await write(
        'list.jsonl',
        '{"path": "videos/a.mp4", "labels": []}',
        '{"path": "videos/d.mp4", "label": "run"}',
      ),
      await write('list.csv', 'path,labels', 'videos/a.mp4,', 'videos/d.mp4,run'),
    ]
    for (const list of lists) {
      const data = await VideoDataset.open(list)
      expect(itemsOf(data)).toMatchObject([{ label: '' }, { label: 'run' }])
      expect(data.videos.every(({ labels }) => labels === undefined)).toBe(true)
      expect([data.classes, data.classCounts(), data.multiLabel]).toEqual([['run'], [1], true])
    }
    await expect(
      VideoDataset.open(await write('none.jsonl', '{"path": "videos/a.mp4", "labels": []}')),
    ).rejects.toThrow("none.jsonl' has a class.")
  })

  test('CSV has | between the labels of a video', async () => {
    const data = await VideoDataset.open(await write('list.csv', 'path,labels', 'videos/a.mp4,run | jump'))
    expect(data.videos[0]?.labels).toEqual(['run', 'jump'])
  })

  test('the split option takes the videos of one part', async () => {
    const file = await write(
      'list.csv',
      'path,label,split',
      'videos/a.mp4,run,train',
      'videos/d.mp4,run,test',
    )
    expect(itemsOf(await VideoDataset.open(file, { split: 'test' }))).toEqual([
      { path: 'videos/d.mp4', label: 'run' },
    ])
    const all = await VideoDataset.open(file)
    expect(all.videos).toHaveLength(2)
    expect(all.warnings[0]?.reason).toBe(
      "its split column has 'train', 'test', and all of them are used: choose one with the split option",
    )
    await expect(VideoDataset.open(file, { split: 'trian' })).rejects.toMatchObject({
      code: 'C3D_INVALID_CONFIG',
      message: expect.stringContaining("got 'trian' for"),
    })
  })

  test('what is not there or cannot be read is told by its line, once a file', async () => {
    const file = await write(
      'list.csv',
      'path,label,start,end',
      'videos/a.mp4,run,0,16',
      'gone.mp4,run,0,16',
      'gone.mp4,run,16,32',
      'videos/a.mp4,run,40,',
      'videos/a.mp4,run,30,46',
      'gone-too.mp4,sit,,',
    )
    const data = await VideoDataset.open(file)
    expect(itemsOf(data)).toEqual([
      { path: 'videos/a.mp4', label: 'run', start: 0, end: 16 },
      { path: 'videos/a.mp4', label: 'run', start: 30, end: 40 },
    ])
    expect(problemsOf(data)).toEqual([
      ['gone.mp4', '/list.csv, line 3: there is no such file or folder'],
      ['gone-too.mp4', '/list.csv, line 7: there is no such file or folder'],
      ['videos/a.mp4', '/list.csv, line 5: it starts at frame 40, but the video has 40 frames'],
      ['list.csv', "no video of the class 'sit' can be read, so the class is left out"],
    ])
    expect(data.warnings.map(({ reason }) => reason)).toEqual([
      `${file}, line 6: it ends at frame 46, but the video has 40 frames: it ends there`,
    ])
    await expect(VideoDataset.open(file, { onProblem: 'fail' })).rejects.toMatchObject({
      code: 'C3D_VIDEO_UNREADABLE',
      message: expect.stringContaining('line 3: there is no such file'),
    })
  })

  test('seconds need a frame rate', async () => {
    const { indexVideos } = binding
    binding.indexVideos = (...args) => {
      const task = indexVideos(...args)
      const withoutRate = task.done.then((set) => ({
        ...set,
        videos: set.videos.map((video) => ({ ...video, framesPerSecond: 0 })),
      }))
      return { ...task, done: withoutRate }
    }
    const file = await write('list.csv', 'path,label,endSeconds', 'videos/a.mp4,run,1', 'videos/d.mp4,run,')
    expect(problemsOf(await VideoDataset.open(file))).toEqual([
      ['videos/a.mp4', '/list.csv, line 2: its frame rate is not known, so give start and end in frames'],
    ])
  })

  test.each([
    ['no column for the class', ['path,start', 'a.mp4,3'], "line 2: expected a class in 'label'"],
    ['a misspelled column', ['path,lable', 'a.mp4,run'], "unknown column 'lable' (did you mean 'label'?)"],
    [
      'a number that is none',
      ['path,label,start', 'a.mp4,run,x'],
      "line 2, start: expected a whole number of at least 0, got 'x'",
    ],
    [
      'a negative start',
      ['path,label,start', 'a.mp4,run,-1'],
      'start: expected a whole number of at least 0, got -1',
    ],
    [
      'an end before the start',
      ['path,label,start,end', 'a.mp4,run,9,9'],
      'line 2: expected an end behind the start, 9, got 9',
    ],
    [
      'frames and seconds',
      ['path,label,start,startSeconds', 'a.mp4,run,9,9'],
      "expected 'start' or 'startSeconds', got both",
    ],
    [
      'label and labels',
      ['path,label,labels', 'a.mp4,run,run|jump'],
      "expected 'label' or 'labels', got both",
    ],
    ['a missing path', ['path,label', ',run'], 'line 2, path: expected the path of a video, got nothing'],
    [
      'a field too many',
      ['path,label', 'a.mp4,run,3'],
      'line 2: expected 2 fields (path, label), got 3: a.mp4,run,3',
    ],
    ['a column twice', ['path,label,path', 'a,b,c'], "line 1: expected every column once, got 'path' twice"],
    ['a stray quote', ['path,label', 'a.mp4,"ru"n'], 'list.csv, line 2: Invalid Closing Quote'],
    ['an empty file', [], 'expected a first line with the names of the columns'],
  ])('a CSV file with %s is refused, with its line', async (_, lines, message) => {
    const told = await refusal('list.csv', lines)
    expect(told).toMatch(/^C3D_INVALID_CONFIG at list\.csv/)
    expect(told).toContain(message)
  })

  test.each([
    ['no JSON', ['{"path": "a.mp4", "label": "run"}', '{"path": '], 'line 2: expected a JSON object, got'],
    ['no object', ['["a.mp4"]'], 'line 1: expected a JSON object, got ["a.mp4"]'],
    [
      'labels that are no list',
      ['{"path": "a", "labels": "run"}'],
      "line 1, labels: expected a list of class names, got 'run'",
    ],
    [
      'a start that is a text',
      ['{"path": "a", "label": "b", "start": "3"}'],
      "line 1, start: expected a whole number of at least 0, got '3'",
    ],
  ])('a JSONL file with %s is refused, with its line', async (_, lines, message) => {
    expect(await refusal('list.jsonl', lines)).toContain(`C3D_INVALID_CONFIG at list.jsonl, ${message}`)
  })

  test('a manifest without videos, and files of other kinds', async () => {
    expect(await refusal('list.csv', ['path,label'])).toBe(
      `C3D_EMPTY_DATASET '${at('list.csv')}' names no video.`.replace(`${folder}/`, ''),
    )
    expect(await refusal('film.mp4', [])).toContain(
      'C3D_INVALID_ARGUMENT Expected a folder of <class>/<video>',
    )
    expect(await refusal('list.csv', ['path,label', 'a,b'], { clipLength: 8 })).toContain(
      'at open.clipLength: this is for list files',
    )
    await expect(VideoDataset.open(at('videos'), { split: 'train' })).rejects.toMatchObject({
      message: expect.stringContaining('at open.split: this is for manifests'),
    })
  })
})

describe('list files of Caffe', () => {
  test('start frames count from 0 in videos, and are numbers of images in frame folders', async () => {
    await make('a.avi', ...[1, 2, 3, 5].map((i) => `frames/00000${i}.jpg`))
    const file = await write(
      'train.lst',
      'a.avi 0 1',
      'a.avi 16 1',
      'frames/ 1 0',
      'frames/ 5 0',
      'frames/ 4 0',
    )
    const data = await VideoDataset.open(file)
    expect(data.classes).toEqual(['0', '1'])
    expect(itemsOf(data)).toEqual([
      { path: 'a.avi', label: '1', start: 0, end: 16 },
      { path: 'a.avi', label: '1', start: 16, end: 32 },
      { path: 'frames', label: '0', start: 0, end: 16 },
      { path: 'frames', label: '0', start: 3, end: 19 },
    ])
    expect(problemsOf(data)).toEqual([
      ['frames', '/train.lst, line 5: expected the number of one of its images, 1 to 5, got 4'],
    ])
    expect(data.warnings).toEqual([
      { path: at('frames'), reason: 'the numbering of its 4 frames has gaps: 4 missing' },
    ])
  })

  test('classes are named by their numbers, in the order of those, or by a file', async () => {
    await make('videos/a.avi')
    const file = await write('test.txt', 'a.avi 0 10', 'a.avi 8 2')
    const options = { root: at('videos'), clipLength: 8 }
    expect((await VideoDataset.open(file, options)).classes).toEqual(['2', '10'])
    const classNames = await write(
      'classInd.txt',
      ...'abcdefghijk'.split('').map((name, i) => `${i + 1} ${name}`),
    )
    const named = await VideoDataset.open(file, { ...options, classNames })
    expect(named.classes).toEqual(['c', 'k'])
    expect(itemsOf(named)[0]).toEqual({ path: 'videos/a.avi', label: 'k', start: 0, end: 8 })
    const few = await write('few.txt', 'walk', 'run')
    await expect(VideoDataset.open(file, { ...options, classNames: few })).rejects.toMatchObject({
      message: `at ${file}, line 1: expected a label of 0 to 1, for the 2 classes of '${few}', got 10`,
    })
  })

  test.each([
    ['a.avi 3', "list.txt, line 1: expected 'path start_frame label', got 'a.avi 3'"],
    ['a.avi -1 3', "expected 'path start_frame label', got 'a.avi -1 3'"],
  ])('%p is refused', async (line, message) => {
    expect(await refusal('list.txt', [line])).toContain(message)
  })
})

describe('official lists', () => {
  const ucf101 = () => ({ videos: at('UCF-101'), lists: at('lists') })

  beforeEach(async () => {
    await write('lists/classInd.txt', '1 Biking', '2 Archery', '3 Diving', '')
    await write(
      'lists/trainlist02.txt',
      'Archery/v_Archery_g08_c01.avi 2\r',
      'Biking/v_Biking_g08_c01.avi 1\r',
      'Biking/v_Biking_g09_c01.avi 1\r',
    )
    await write('lists/testlist02.txt', 'Archery/v_Archery_g01_c01.avi', 'Biking/v_Biking_g01_c01.avi')
    await make(
      'UCF-101/Archery/v_Archery_g08_c01.avi',
      'UCF-101/Biking/v_Biking_g08_c01.avi',
      'UCF-101/Archery/v_Archery_g01_c01/000001.jpg',
      'UCF-101/v_Biking_g01_c01.avi',
    )
  })

  test('of UCF101: both parts, classes in the order of classInd.txt, missing files by name', async () => {
    const { training, test: tested } = await VideoDataset.openUcf101({ ...ucf101(), split: 2 })
    expect(training.classes).toEqual(['Biking', 'Archery'])
    expect(tested.classes).toEqual(training.classes)
    expect(itemsOf(training)).toEqual([
      { path: 'UCF-101/Archery/v_Archery_g08_c01.avi', label: 'Archery' },
      { path: 'UCF-101/Biking/v_Biking_g08_c01.avi', label: 'Biking' },
    ])
    expect(itemsOf(tested)).toEqual([
      { path: 'UCF-101/Archery/v_Archery_g01_c01', label: 'Archery' },
      { path: 'UCF-101/v_Biking_g01_c01.avi', label: 'Biking' },
    ])
    expect(problemsOf(training)).toEqual([
      [
        'UCF-101/Biking/v_Biking_g09_c01.avi',
        '/lists/trainlist02.txt, line 3: there is no such file or folder',
      ],
    ])
    expect(tested.problems).toEqual([])
    expect(training.source).toBe(at('lists/trainlist02.txt'))
  })

  test('that put one recording on both sides are refused, unless forced', async () => {
    await write('lists/testlist02.txt', 'Archery/v_Archery_g08_c01.avi')
    const options = { ...ucf101(), split: 2 }
    await expect(VideoDataset.openUcf101(options)).rejects.toMatchObject({
      code: 'C3D_INVALID_ARGUMENT',
      message: expect.stringContaining(`'${at('UCF-101/Archery/v_Archery_g08_c01.avi')}' is in both`),
    })
    const { test: tested } = await VideoDataset.openUcf101({ ...options, allowOverlap: true })
    expect(tested.videos).toHaveLength(1)
  })

  test.each([
    ['Archery/a.avi 1', "expected 2, the number of 'Archery' in '"],
    ['Sitting/a.avi 1', "expected '<class>/<video>' with a class of '"],
    ['a.avi 1', "expected '<class>/<video>' with a class of '"],
  ])('with the line %p are refused', async (line, message) => {
    await write('lists/trainlist02.txt', line)
    await expect(VideoDataset.openUcf101({ ...ucf101(), split: 2 })).rejects.toMatchObject({
      code: 'C3D_INVALID_CONFIG',
      message: expect.stringMatching(`trainlist02\\.txt, line 1: ${message}`),
    })
  })

  test('of a split that is not there', async () => {
    await expect(VideoDataset.openUcf101(ucf101())).rejects.toMatchObject({
      code: 'C3D_FILE_NOT_FOUND',
      message: expect.stringContaining('trainlist01.txt'),
    })
    await expect(VideoDataset.openHmdb51(ucf101())).rejects.toMatchObject({
      code: 'C3D_FILE_NOT_FOUND',
      message: expect.stringContaining('<class>_test_split1.txt'),
    })
  })

  test('with numbers that leave one out are refused', async () => {
    await write('lists/classInd.txt', '1 Biking', '3 Archery')
    await expect(VideoDataset.openUcf101(ucf101())).rejects.toMatchObject({
      message: `at ${at('lists/classInd.txt')}, line 2: expected '2 <name of the class>', got '3 Archery'`,
    })
  })

  test('of HMDB51: 1 is training, 2 is test, 0 neither', async () => {
    await write('hmdb/wave_test_split1.txt', 'a b_wave.avi 1 ', 'c_wave.avi 2 ', 'd_wave.avi 0 ')
    await write('hmdb/cartwheel_test_split1.txt', 'a_cartwheel.avi 1 ')
    await write('hmdb/wave_test_split2.txt', 'a b_wave.avi 2 ')
    await make('films/wave/a b_wave.avi', 'films/wave/c_wave.avi', 'films/cartwheel/a_cartwheel.avi')
    const { training, test: tested } = await VideoDataset.openHmdb51({
      videos: at('films'),
      lists: at('hmdb'),
    })
    expect(training.classes).toEqual(['cartwheel', 'wave'])
    expect(itemsOf(training).map((item) => item.path)).toEqual([
      'films/cartwheel/a_cartwheel.avi',
      'films/wave/a b_wave.avi',
    ])
    expect(itemsOf(tested).map((item) => item.path)).toEqual(['films/wave/c_wave.avi'])
    await write('hmdb/wave_test_split1.txt', 'a b_wave.avi 3')
    await expect(VideoDataset.openHmdb51({ videos: at('films'), lists: at('hmdb') })).rejects.toMatchObject({
      message: expect.stringContaining("line 1: expected '<video> 0', 1 (training) or 2 (test), got"),
    })
  })
})

describe('frame folders', () => {
  test.each([
    ['gaps', [1, 2, 4, 9, 10], 'the numbering of its 5 frames has gaps: 3, 5 to 8 missing'],
    ['many gaps', [1, 3, 4, 6, 8, 10, 12, 14, 16], 'has gaps: 2, 5, 7, 9, 11 and 2 more gaps missing'],
  ])('%s in the numbering are a warning', async (_, numbers, reason) => {
    await make(...numbers.map((number) => `data/run/video/img_${String(number).padStart(5, '0')}.jpg`))
    const data = await VideoDataset.open(at('data'))
    expect(data.videos).toHaveLength(1)
    expect(data.warnings).toEqual([{ path: at('data/run/video'), reason: expect.stringContaining(reason) }])
  })

  test('equal distances, one frame, and names without numbers are none', async () => {
    await make('data/run/a/0.png', 'data/run/a/5.png', 'data/run/a/10.png')
    await make('data/run/b/7.jpg', 'data/run/c/first.jpg', 'data/run/c/last.jpg', 'data/run/c/.1.jpg')
    expect((await VideoDataset.open(at('data'))).warnings).toEqual([])
  })

  test('one number twice is', async () => {
    await make('data/run/a/1.png', 'data/run/a/01.png', 'data/run/a/2.png')
    const [warning] = (await VideoDataset.open(at('data'))).warnings
    expect(warning?.reason).toBe('more than one frame has the number 1')
  })
})

test('a link and its file are one file on both sides', async () => {
  await make('data/run/a.mp4')
  await symlink(at('data/run/a.mp4'), at('data/run/z.mp4'))
  const data = await VideoDataset.open(at('data'))
  const [first, second] = ['a.mp4', 'z.mp4'].map((name) => data.subset((video) => video.path.endsWith(name)))
  expect(first?.overlaps(second as VideoDataset)).toMatchObject([{ kind: 'file' }])
})
