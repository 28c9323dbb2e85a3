import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { C3D, extract, officialParts, VideoDataset } from '../../lib'
import { runCommandLine } from '../../lib/cli/program'
import { SAMPLE_FOLDER } from '../support/sample-videos'
import { temporaryFolder } from '../support/temporary'

const ucfHmdb = path.join(SAMPLE_FOLDER, 'ucf-hmdb')
const ucfFrames = path.join(SAMPLE_FOLDER, 'ucf-frames')
const problem = [ucfHmdb, ucfFrames].find((folder) => !existsSync(folder))
const describeWithSamples = problem === undefined ? describe : describe.skip
const folder = temporaryFolder()

/** A folder of links to real videos, as `<class>/<video>`. */
function linked(name: string, videos: readonly (readonly [source: string, video: string])[]): string {
  for (const [source, video] of videos) {
    const link = path.join(folder, name, video)
    mkdirSync(path.dirname(link), { recursive: true })
    symlinkSync(path.join(source, video), link)
  }
  return path.join(folder, name)
}

function writeLists(name: string, files: Record<string, string[]>): string {
  const lists = path.join(folder, name)
  mkdirSync(lists)
  for (const [file, lines] of Object.entries(files))
    writeFileSync(path.join(lists, file), `${lines.join('\n')}\n`)
  return lists
}

describeWithSamples(
  `real files and lists${problem === undefined ? '' : ` (skipped: there is no ${problem})`}`,
  () => {
    let model: C3D
    const weights = path.join(folder, 'model.safetensors')
    beforeAll(async () => {
      const architecture = {
        name: 'depth-1',
        widthMultiplier: 1 / 16,
        input: { frames: 8, height: 16, width: 16 },
      } as const
      model = await C3D.create({ architecture, classes: ['a', 'b'], device: 'cpu' })
      await model.save(weights)
    })
    afterAll(() => model.close())

    test("UCF101's split 1: g01 to g07 are for the test, .avi files and frame folders alike", async () => {
      const videos = linked('ucf101', [
        [ucfHmdb, 'ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi'],
        [ucfFrames, 'Archery/v_Archery_g01_c01'],
        [ucfHmdb, 'SoccerJuggling/v_SoccerJuggling_g23_c01.avi'],
      ])
      const lists = writeLists('ucfTrainTestlist', {
        'classInd.txt': ['1 ApplyEyeMakeup', '2 Archery', '3 SoccerJuggling'],
        'trainlist01.txt': [
          'Archery/v_Archery_g08_c01.avi 2',
          'SoccerJuggling/v_SoccerJuggling_g23_c01.avi 3',
        ],
        'testlist01.txt': ['ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi', 'Archery/v_Archery_g01_c01.avi'],
      })
      using data = await VideoDataset.open(videos, { cache: false })
      const features = await extract(model, data, { stride: 32 })
      const { parts, missing } = await officialParts(features, 'ucf101', lists, [1])
      const namesOf = (rows: readonly number[]) =>
        rows.map((row) => path.basename(features.rows[row]?.path ?? ''))
      expect(namesOf(parts[0]?.training ?? [])).toEqual(['v_SoccerJuggling_g23_c01.avi'])
      expect(namesOf(parts[0]?.test ?? [])).toEqual(['v_ApplyEyeMakeup_g01_c01.avi', 'v_Archery_g01_c01'])
      expect(missing).toEqual([['Archery/v_Archery_g08_c01']])
    })

    test('c3d extract and c3d svm splits, on names of HMDB51', async () => {
      const wave = ['TrumanShow_wave_f_nm_np1_fr_med_26.avi', 'RATRACE_wave_f_nm_np1_fr_goo_37.avi']
      const cartwheel = 'hmdb51_Turnk_r_Pippi_Michel_cartwheel_f_cm_np2_le_med_6.avi'
      const videos = linked('hmdb51', [
        ...wave.map((name) => [ucfHmdb, `wave/${name}`] as const),
        [ucfHmdb, `cartwheel/${cartwheel}`],
      ])
      const lists = writeLists('testTrainMulti', {
        'cartwheel_test_split1.txt': [`${cartwheel} 1 `],
        'wave_test_split1.txt': [`${wave[0]} 1 `, `${wave[1]} 2 `],
      })
      const run = async (...args: string[]) => {
        const [stdout, stderr] = [new PassThrough(), new PassThrough()]
        const status = await runCommandLine(args, { stdout, stderr })
        return { status, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') }
      }
      const features = path.join(folder, 'hmdb51.npz')
      expect(await run('extract', weights, videos, '--out', features, '--device', 'cpu')).toMatchObject({
        status: 0,
      })
      const { status, stdout } = await run(
        'svm',
        'splits',
        features,
        '--hmdb51-lists',
        lists,
        '--splits',
        '1',
        '--cost',
        '1',
        '--json',
      )
      expect(status).toBe(0)
      const result = JSON.parse(stdout)
      expect(result).toMatchObject({
        type: 'splits',
        splits: [1],
        classes: ['cartwheel', 'wave'],
        missing: [[]],
      })
      expect(result.parts).toEqual([expect.objectContaining({ training: 2, test: 1, cost: 1 })])
      expect([0, 1]).toContain(result.accuracy)
    })
  },
)
