/** The release that is fetched where it can be had. */
export const VERSION = '2.13.0'

/** The releases that the addon builds with, the oldest first and none left out. */
const RELEASES = ['2.13', '2.14']

/** @param {string} version */
export function isSupported(version) {
  return RELEASES.some((release) => version.startsWith(`${release}.`))
}

export const SUPPORTED = RELEASES.join(' or ')

/** What pip is asked for where it does not have VERSION: the newest of any supported release. */
function anySupported() {
  const [major = 0, minor = 0] = (RELEASES.at(-1) ?? '').split('.').map(Number)
  return `torch>=${RELEASES[0]},<${major}.${minor + 1}`
}

/** The CUDA release that the fetched CUDA build is for. */
const CUDA = 'cu130'

const HOST = 'https://download.pytorch.org'

/**
 * What to ask pip for, in this order. The user's own configuration comes first: it may know a mirror, or be the only
 * index in reach, and then with another release or with another one of each build. On PyPI itself the Linux wheel is
 * the CUDA build; the CPU build is on PyTorch's index.
 * @param {import('../options.mjs').Build} build
 * @returns {{ requirement: string, index?: string }[]}
 */
export function pipRequests(build) {
  const plain = { requirement: `torch==${VERSION}` }
  const supported = { requirement: anySupported() }
  if (process.platform === 'darwin') return build === 'cpu' ? [plain, supported] : []
  if (build === 'cuda') {
    return [plain, { requirement: `torch==${VERSION}+${CUDA}`, index: `${HOST}/whl/${CUDA}` }, supported]
  }
  const cpu = `torch==${VERSION}+cpu`
  return [{ requirement: cpu }, { requirement: cpu, index: `${HOST}/whl/cpu` }, plain, supported]
}

/**
 * PyTorch publishes no checksums for these archives. Each of these is what at least two unrelated projects that pin
 * the same archive arrived at (the Spack recipe of CERN's ACTS among them).
 * @type {Record<string, { url: string, sha256: string }>}
 */
const ARCHIVES = {
  'linux-x64-cpu': {
    url: `${HOST}/libtorch/cpu/libtorch-shared-with-deps-${VERSION}%2Bcpu.zip`,
    sha256: 'edbf4cbed78433d803e90a65f1752e57783d164bce66c95c0872b2ab8f5c159e',
  },
  'linux-x64-cuda': {
    url: `${HOST}/libtorch/${CUDA}/libtorch-shared-with-deps-${VERSION}%2B${CUDA}.zip`,
    sha256: '945c5a3d946a28b387ad9dc9fddda7ba03e35fae1375b84ebff15df789436f82',
  },
  'darwin-arm64-cpu': {
    url: `${HOST}/libtorch/cpu/libtorch-macos-arm64-${VERSION}.zip`,
    sha256: '1e10c6c4dc2764150c9fb2ad28e1889191302734e7f939108e5d2f22f21a06f8',
  },
}

/** @param {import('../options.mjs').Build} build */
export function archiveFor(build) {
  return ARCHIVES[`${process.platform}-${process.arch}-${build}`]
}
