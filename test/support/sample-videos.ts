import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'

export const SAMPLE_FOLDER = path.resolve(__dirname, '../../../shared/data')
const IMAGE = /\.(jpe?g|png)$/i
const VIDEO = /\.(avi|mkv|mov|mp4|mpe?g|webm)$/i
const FEW = 4

export interface SampleVideos {
  /** [name, path] of video files and frame folders; a few of each folder, or all with TORCH_C3D_THOROUGH=1. */
  files: [string, string][]
  /** Why there are none. */
  problem?: string
}

/** Real clips beside the project, which the project's own tests do not need. */
export function sampleVideos(): SampleVideos {
  if (!existsSync(SAMPLE_FOLDER)) return { files: [], problem: `there is no folder ${SAMPLE_FOLDER}` }
  const all = process.env.TORCH_C3D_THOROUGH === '1'
  const files = readdirSync(SAMPLE_FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => {
      const found = videosIn(path.join(SAMPLE_FOLDER, name))
      const step = all ? 1 : Math.max(1, Math.ceil(found.length / FEW))
      return found.filter((_, i) => i % step === 0)
    })
  return { files: files.map((file) => [path.relative(SAMPLE_FOLDER, file), file]) }
}

function videosIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true })
  if (entries.some(({ name }) => IMAGE.test(name))) return [folder]
  return entries.flatMap((entry) => {
    const file = path.join(folder, entry.name)
    if (entry.isDirectory()) return videosIn(file)
    return VIDEO.test(entry.name) ? [file] : []
  })
}
