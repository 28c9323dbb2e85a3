import { C3D, type CreateOptions } from '../../lib'

/** A network whose logits are its input, [3, frames, height, width], as it is. */
export async function pixelModel(
  input: { frames: number; height: number; width: number },
  preprocessing: CreateOptions['preprocessing'],
): Promise<C3D> {
  const values = 3 * input.frames * input.height * input.width
  const model = await C3D.create({
    architecture: {
      input,
      layers: [{ type: 'pool', name: 'pool', kernel: [1, 1, 1] }],
      classifier: 'out',
    },
    classes: Array.from({ length: values }, (_, i) => `value ${i}`),
    preprocessing,
    device: 'cpu',
  })
  const identity = new Float32Array(values * values)
  for (let i = 0; i < values; i++) identity[i * values + i] = 1
  model.writeTensor('out.weight', identity)
  model.writeTensor('out.bias', new Float32Array(values))
  return model
}
