import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ClipLoader, type ClipLoaderOptions, type VideoDataset } from '../../lib'
import { encodePng } from './png'

export interface Size {
  width: number
  height: number
}

/** A frame folder of pictures by a rule: red, green and blue of every pixel. */
export function makeFrameFolder(
  folder: string,
  { frames, width, height }: Size & { frames: number },
  colour: (frame: number, x: number, y: number) => [number, number, number],
): string {
  mkdirSync(folder, { recursive: true })
  for (let frame = 0; frame < frames; frame++) {
    const pixels = new Uint8Array(width * height * 3)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) pixels.set(colour(frame, x, y), (y * width + x) * 3)
    writeFileSync(path.join(folder, `${frame}.png`), encodePng(pixels, width, height))
  }
  return folder
}

/** Frame folders whose pixels tell where they are: red is the number of the frame, green x, blue y. */
export function makeMarkedVideos(folder: string, frames: Record<string, number>, size: Size): string {
  for (const [name, count] of Object.entries(frames))
    makeFrameFolder(path.join(folder, name), { frames: count, ...size }, (...marks) => marks)
  return folder
}

/** A clip as it came from a loader. */
export interface SeenClip {
  /** `<class>/<video>` */
  video: string
  label: number
  start: number
  /** uint8 [frames, height, width, 3] */
  pixels: Uint8Array
  /** The pixel of frame `t` at the place x, y of the clip. */
  at(t: number, y: number, x: number): [number, number, number]
}

/** All clips of one pass over a data set. */
export async function seeClips(
  data: VideoDataset,
  options: ClipLoaderOptions,
  epoch = 1,
): Promise<SeenClip[]> {
  using loader = new ClipLoader(data, options)
  return await readPass(loader, data, epoch)
}

/** The same of a loader of pixels that is there already. */
export async function readPass(loader: ClipLoader, data: VideoDataset, epoch = 1): Promise<SeenClip[]> {
  const seen: SeenClip[] = []
  for await (const { clips, labels, items, starts } of loader.pass(epoch)) {
    const [, , height = 0, width = 0] = clips.shape
    const length = clips.data.length / labels.length
    items.forEach((item, i) => {
      const pixels = (clips.data as Uint8Array).slice(i * length, (i + 1) * length)
      seen.push({
        video: path.relative(data.folder, item.path),
        label: labels[i] as number,
        start: starts[i] as number,
        pixels,
        at(t, y, x) {
          const place = ((t * height + y) * width + x) * 3
          return [...pixels.subarray(place, place + 3)] as [number, number, number]
        },
      })
    })
  }
  return seen
}
