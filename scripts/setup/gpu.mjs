import fs from 'node:fs'
import { capture } from './process.mjs'

/** Whether this machine has an NVIDIA GPU whose driver is running. */
export function hasNvidiaGpu() {
  try {
    return fs.readdirSync('/proc/driver/nvidia/gpus').length > 0
  } catch {
    // Not there under WSL, where only the driver's tool tells.
    return capture('nvidia-smi', ['-L']).ok
  }
}
