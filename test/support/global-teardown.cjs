const { rmSync } = require('node:fs')

module.exports = () => rmSync(process.env.TORCH_C3D_CACHE, { recursive: true, force: true })
