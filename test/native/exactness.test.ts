import { countFrames, expectExact, range } from '../support/frames'
import { numberOf } from '../support/numbered-pictures'
import { sampleVideos } from '../support/sample-videos'
import { temporaryFolder } from '../support/temporary'
import { videoCases, writeVideoCase } from '../support/video-cases'
import { describeWithVideos, missingEncoder } from '../support/videos'

describeWithVideos('frames in any order are those of one pass from the start', () => {
  const folder = temporaryFolder()

  for (const [name, made] of Object.entries(videoCases)) {
    const missing = missingEncoder(made)
    const run = missing ? test.skip : test
    run(missing ? `${name} (skipped: ${missing})` : name, async () => {
      const video = await countFrames(writeVideoCase(folder, name, made))
      const pictures = await expectExact(video)
      const numbers = pictures.map((picture) => numberOf(picture, video.info.width))
      if (made.numbers !== 'any')
        expect(numbers).toEqual(made.numbers ?? range(made.frames).map(made.drawn ?? ((i) => i)))
      video.set.close()
    })
  }
})

describeWithVideos('so are those of real clips', () => {
  const { files, problem } = sampleVideos()
  if (problem) test.skip(`(skipped: ${problem})`, () => {})
  else
    test.each(files)('%s', async (_, file) => {
      const video = await countFrames(file)
      await expectExact(video, { width: 86, height: 64 })
      video.set.close()
    })
})
