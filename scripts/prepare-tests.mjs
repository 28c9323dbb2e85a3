// What `npm test` needs besides the build: folders from which Python imports the torch that the addon was built with,
// for the parity tests, as a list in build/python-path.json. Without it the parity tests are skipped and say so.
import { readOptions } from './setup/options.mjs'
import { say } from './setup/report.mjs'
import { writePythonPath } from './setup/torch-python.mjs'

const problem = writePythonPath('python-path.json', readOptions([], process.env), {
  modules: ['numpy', 'torch'],
  purpose: 'the parity tests',
})
if (problem) say(`the parity tests will be skipped: ${problem}`)
