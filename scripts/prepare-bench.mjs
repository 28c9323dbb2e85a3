// What `npm run bench` needs besides the build: folders from which Python imports the torch that the addon was built
// with, and all that torch.compile imports, as a list in build/bench-python-path.json. Without it the bench asks the
// PyTorch that python3 finds by itself. torch.compile needs a C++ compiler as well.
import { readOptions } from './setup/options.mjs'
import { say } from './setup/report.mjs'
import { writePythonPath } from './setup/torch-python.mjs'

const problem = writePythonPath('bench-python-path.json', readOptions([], process.env), {
  modules: ['numpy', 'torch', 'torch._inductor.compile_fx'],
  purpose: 'torch.compile',
})
if (problem) say(`PyTorch is python3's own, if it has one: ${problem}`)
