import type { Preprocessing } from './config/preprocessing'
import { readNpy } from './files/npy'
import type { NativeModel } from './native/binding'
import { C3DError } from './native/errors'

/** The tensor of a model that has a mean cube. */
export const MEAN_CUBE = 'mean_cube'

/**
 * Reads a mean cube and gives it to a model whose preprocessing says that it has one.
 *
 * @throws C3D_FILE_NOT_FOUND, C3D_FILE, C3D_INVALID_ARGUMENT (another shape)
 */
export async function loadMeanCube(
  model: NativeModel,
  file: string,
  frames: number,
  resize: Preprocessing['resize'],
): Promise<void> {
  const { data, shape } = await readNpy(file)
  const { width, height } = resize as { width: number; height: number }
  const expected = [3, frames, height, width]
  // Caffe's and PyTorch's files often have a batch dimension of 1 before the others.
  const given = shape.length === 5 && shape[0] === 1 ? shape.slice(1) : shape
  if (given.join() !== expected.join())
    throw new C3DError(
      'C3D_INVALID_ARGUMENT',
      `Expected a mean cube of shape [${expected.join(', ')}] (channels, frames, height, width of the resized frames) in '${file}', got [${shape.join(', ')}]. \`c3d data mean\` makes one.`,
    )
  model.writeTensor(MEAN_CUBE, data)
}
