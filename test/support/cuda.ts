import { runtime } from '../../lib'

/** A describe block that is skipped, with the reason in its name, where there is no CUDA device. */
export function describeWithCuda(name: string, tests: () => void): void {
  const { devices, libtorchBuild } = runtime.info()
  if (devices.length > 1) describe(name, tests)
  else describe.skip(`${name} (skipped: no CUDA device, with the ${libtorchBuild} build of LibTorch)`, tests)
}
