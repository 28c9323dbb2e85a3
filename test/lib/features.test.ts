import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  FeatureSet,
  labelClips,
  loadFeatures,
  officialParts,
  readC3dFile,
  readFrameLabels,
  saveFeatures,
  writeC3dFile,
} from '../../lib'
import { ProgressFile } from '../../lib/features/progress-file'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'c3d-'))
})
afterEach(() => rm(folder, { recursive: true }))
const file = (name: string) => path.join(folder, name)

const features = new FeatureSet({
  data: Float32Array.of(0.1, -2.5, 3e-20, 1 / 3, 5, 6),
  rows: [
    { path: 'videos/a, b/0.mp4', label: 'größe', group: 0 },
    { path: 'videos/c/1.mp4', label: 'run', labels: ['run', 'größe'], group: 1, start: 8, end: 24 },
    { path: 'videos/c/2.mp4', label: '', group: 1 },
  ],
  classes: ['größe', 'run'],
  layer: 'fc6',
})

describe('files', () => {
  test.each(['.npy', '.npz', '.safetensors', '.jsonl'])('%s holds all of a set', async (ending) => {
    await saveFeatures(file(`f${ending}`), features)
    expect(await loadFeatures(file(`f${ending}`))).toEqual(features)
  })

  test('.csv is a table', async () => {
    await saveFeatures(file('f.csv'), features)
    const lines = (await readFile(file('f.csv'), 'utf8')).split('\n')
    expect(lines[0]).toBe('path,label,start,end,f0,f1')
    expect(lines[1]).toBe('"videos/a, b/0.mp4",größe,,,0.100000001,-2.5')
    expect(lines[2]).toBe('videos/c/1.mp4,run|größe,8,24,2.9999999e-20,0.333333343')
    await expect(loadFeatures(file('f.csv'))).rejects.toThrow('.csv is for other programs')
  })

  test('other endings and other contents are refused', async () => {
    await expect(saveFeatures(file('f.mat'), features)).rejects.toMatchObject({
      code: 'C3D_INVALID_ARGUMENT',
    })
    await expect(loadFeatures(file('f.npz'))).rejects.toMatchObject({ code: 'C3D_FILE_NOT_FOUND' })
    for (const name of ['f.npz', 'f.jsonl', 'f.npy']) {
      await writeFile(file(name), 'something else')
      await expect(loadFeatures(file(name))).rejects.toMatchObject({ code: 'C3D_FILE' })
    }
    await saveFeatures(file('f.npy'), features)
    await rm(file('f.npy.json'))
    await expect(loadFeatures(file('f.npy'))).rejects.toThrow('which says what the rows')
  })

  const found = spawnSync('python3', ['-c', 'import numpy'], { encoding: 'utf8' })
  const problem = found.status === 0 ? undefined : 'python3 cannot import numpy'
  const withNumPy = problem === undefined ? test : test.skip
  withNumPy(`NumPy reads .npz${problem === undefined ? '' : ` (skipped: ${problem})`}`, async () => {
    await saveFeatures(file('f.npz'), features)
    const code = `
import json, sys, numpy as np
data = np.load(sys.argv[1])
print(json.dumps([data['features'].tolist(), data['labels'].tolist(), data['paths'].tolist(), data['classes'].tolist()]))`
    const { stdout, stderr } = spawnSync('python3', ['-c', code, file('f.npz')], {
      env: { ...process.env, PYTHONIOENCODING: 'utf8' },
      encoding: 'utf8',
    })
    expect(stderr).not.toContain('Error')
    const [values, labels, paths, classes] = JSON.parse(stdout)
    expect(values.flat()).toEqual(Array.from(features.data))
    expect(labels).toEqual([0, -1, -1])
    expect(paths).toEqual(features.rows.map((row) => row.path))
    expect(classes).toEqual(features.classes)
  })

  test("of C3D's Caffe code: five int32, then float32", async () => {
    const clip = {
      data: Float32Array.of(1, 2, 3, 4, 5, 6),
      shape: [3, 2, 1, 1] as [number, number, number, number],
    }
    await writeC3dFile(file('000001.fc6'), clip)
    const bytes = await readFile(file('000001.fc6'))
    expect(bytes).toHaveLength(20 + 24)
    expect([0, 4, 8, 12, 16].map((at) => bytes.readInt32LE(at))).toEqual([1, 3, 2, 1, 1])
    expect(bytes.readFloatLE(24)).toBe(2)
    expect(await readC3dFile(file('000001.fc6'))).toEqual(clip)
    await truncate(file('000001.fc6'), 30)
    await expect(readC3dFile(file('000001.fc6'))).rejects.toMatchObject({ code: 'C3D_FILE' })
  })
})

describe('a set', () => {
  test('of other networks is put beside, whatever the order of its rows', () => {
    const other = new FeatureSet({
      data: Float32Array.of(30, 20, 10),
      rows: features.rows.toReversed(),
      classes: features.classes,
      layer: 'pool5',
    })
    const both = features.concat(other)
    expect(both).toMatchObject({ dimensions: 3, layer: 'fc6+pool5' })
    expect(features.rows.map((_, i) => both.row(i)[2])).toEqual([10, 20, 30])
    const fewer = other.subset((row) => row.label !== '')
    expect(() => features.concat(fewer)).toThrow("none of 'videos/c/2.mp4'")
  })

  test('has as many values for each row, and labels that are classes', () => {
    expect(() => new FeatureSet({ ...features, data: new Float32Array(5) })).toThrow('5 values and 3 rows')
    expect(() => new FeatureSet({ ...features, classes: ['run'] })).toThrow("has 'größe'")
  })
})

describe('what is done is kept', () => {
  const records = async (identity: unknown) => {
    const progress = await ProgressFile.open<number>(file('p'), identity)
    await progress.close()
    return progress.records.map(({ content, values }) => [content, ...values])
  }

  test('for the same work, without what was written by half', async () => {
    const progress = await ProgressFile.open<number>(file('p'), { layer: 'fc6' })
    await progress.append(0, Float32Array.of(1, 2))
    await progress.append(1, Float32Array.of(3, 4))
    await progress.close()
    expect(await records({ layer: 'fc6' })).toEqual([
      [0, 1, 2],
      [1, 3, 4],
    ])
    const { length } = await readFile(file('p'))
    await truncate(file('p'), length - 1)
    expect(await records({ layer: 'fc6' })).toEqual([[0, 1, 2]])
    const goesOn = await ProgressFile.open<number>(file('p'), { layer: 'fc6' })
    await goesOn.append(7, Float32Array.of(9))
    await goesOn.close()
    expect(await records({ layer: 'fc6' })).toEqual([
      [0, 1, 2],
      [7, 9],
    ])
    expect(await records({ layer: 'fc7' })).toEqual([])
    expect(await records({ layer: 'fc7' })).toEqual([])
  })

  test('and a damaged record ends it', async () => {
    const progress = await ProgressFile.open<number>(file('p'), 1)
    await progress.append(0, Float32Array.of(1, 2))
    await progress.close()
    const bytes = await readFile(file('p'))
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    await writeFile(file('p'), bytes)
    expect(await records(1)).toEqual([])
  })
})

test('official splits find their rows by class and name', async () => {
  await writeFile(file('classInd.txt'), '1 Run\n2 Walk\n')
  for (const [split, training, testing] of [
    [
      '01',
      'Run/v_Run_g01_c01.avi 1\nWalk/v_Walk_g01_c01.avi 2\nRun/v_Run_g09_c01.avi 1\n',
      'Run/v_Run_g02_c01.avi\n',
    ],
    ['02', 'Run/v_Run_g02_c01.avi 1\n', 'Run/v_Run_g01_c01.avi\nWalk/v_Walk_g01_c01.avi\n'],
  ] as const) {
    await writeFile(file(`trainlist${split}.txt`), training)
    await writeFile(file(`testlist${split}.txt`), testing)
  }
  const names = ['Run/v_Run_g01_c01', 'Run/v_Run_g02_c01.avi', 'Walk/v_Walk_g01_c01.mp4']
  const set = new FeatureSet({
    data: Float32Array.of(1, 2, 3),
    rows: names.map((name, i) => ({ path: `/data/${name}`, label: name.split('/')[0] ?? '', group: i })),
    classes: ['Run', 'Walk'],
    layer: 'fc6',
  })
  const { parts, missing } = await officialParts(set, 'ucf101', folder, [1, 2])
  expect(parts).toEqual([
    { training: [0, 2], test: [1] },
    { training: [1], test: [0, 2] },
  ])
  expect(missing).toEqual([['Run/v_Run_g09_c01'], []])
  const other = set.subset((_, i) => i === 0)
  await expect(officialParts(other, 'ucf101', folder, [1])).rejects.toMatchObject({
    code: 'C3D_EMPTY_DATASET',
  })
})

describe('clips get the label of most of their frames', () => {
  const clips = (...starts: number[]) =>
    new FeatureSet({
      data: Float32Array.from(starts),
      rows: starts.map((start) => ({ path: 'v.mp4', label: '', group: 0, start, end: start + 16 })),
      classes: [],
      layer: 'fc6',
    })

  test('where these are at least 8', async () => {
    await writeFile(file('l.csv'), 'path,start,end,label\nv.mp4,0,7,cup\nv.mp4,9,40,book\nw.mp4,0,99,pen\n')
    const ranges = await readFrameLabels(file('l.csv'))
    // 0 to 16: 7 frames of the cup, 7 of the book. 1 to 17: 6 and 8. 32 to 48: 8. 33 to 49: 7.
    const labelled = labelClips(clips(0, 1, 32, 33), ranges)
    expect(labelled.rows.map(({ start, label }) => [start, label])).toEqual([
      [1, 'book'],
      [32, 'book'],
    ])
    expect(labelled.classes).toEqual(['book'])
    expect(Array.from(labelled.data)).toEqual([1, 32])
    const any = labelClips(clips(0, 33), ranges, { atLeast: 7 })
    expect(any.rows.map(({ label }) => label)).toEqual(['book', 'book'])
    expect(() => labelClips(clips(60), ranges)).toThrow('No clip has 8 frames of one label')
    expect(() => labelClips(features, ranges)).toThrow('is a whole video')
  })

  test('a wrong line is told', async () => {
    await writeFile(file('l.csv'), 'path,start,end,label\nv.mp4,0,x,cup\n')
    await expect(readFrameLabels(file('l.csv'))).rejects.toThrow(/line 2.*end: expected a whole number/s)
  })
})
