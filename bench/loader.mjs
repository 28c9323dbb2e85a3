// How fast clips are read, side by side with PyAV and OpenCV where python3 has them, on one thread each:
//
//   npm run bench:loader                      videos that it renders
//   npm run bench:loader -- FOLDER…           videos in these folders, told apart by folder and kind of file
//   npm run bench:loader -- --json FOLDER…    one JSON object instead of a table
//   npm run bench:loader -- --clock cpu       by processor time, for machines that are busy otherwise
//
// Rows: a clip of 16 frames at a random place, the video opened for it alone; an epoch of several clips a video, read
// by a ClipLoader here, and there with an opening for each clip in a random order, as data loaders do, or ordered and
// with one opening a video; the same epoch from the disk cache. The rounds alternate between the libraries; figures
// are medians. Frames are counted, and the cache is filled, before.
import { parseArgs } from 'node:util'
import { measureLoader } from './loader/measure.mjs'
import { printLoader, ratioToPeers } from './loader/print.mjs'

const { values, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    videos: { type: 'string', default: '20' },
    clock: { type: 'string', default: 'wall' },
  },
})
const byProcessor = values.clock === 'cpu'
const rounds = Number(values.rounds)
const speed = await measureLoader({ folders, rounds, mostVideos: Number(values.videos), byProcessor })
if (values.json) {
  const { description: _, peers, rows, ...facts } = speed
  const table = rows.map((row) => ({ ...row, ...(peers.length > 0 && { ratio: ratioToPeers(row, peers) }) }))
  console.log(JSON.stringify({ ...facts, rounds, clock: values.clock, rows: table }))
} else {
  printLoader(speed, { rounds, byProcessor })
}
