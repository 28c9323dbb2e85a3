import path from 'node:path'
import { makeMotionVideos } from 'torch-c3d'

/**
 * Renders videos to read: small ones as the demo trains on, and ones of the size and length of UCF101's.
 * @param {string} folder
 * @returns {Promise<string[]>} a folder of each
 */
export async function renderVideos(folder) {
  const small = path.join(folder, '86x64')
  const large = path.join(folder, '320x240')
  await makeMotionVideos(small, { videosPerClass: 4, frames: 64 })
  await makeMotionVideos(large, { videosPerClass: 2, frames: 180, size: { width: 320, height: 240 } })
  return [small, large]
}
