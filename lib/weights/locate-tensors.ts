import { C3DError } from '../native/errors'
import type { TensorDescription, TensorFile } from './safetensors'

/**
 * Where in a file each of the wanted tensors lies.
 *
 * @param mayBeLeft whether a tensor of the file that is not wanted is no surprise
 * @param advice what to do where a tensor of this name has another shape
 * @throws C3D_WEIGHTS unless the file has exactly these tensors
 */
export function locateTensors(
  file: string,
  contents: TensorFile,
  wanted: readonly TensorDescription[],
  mayBeLeft: (name: string) => boolean,
  advice: (name: string) => string = () => '',
): { name: string; offset: number }[] {
  const found = new Map(contents.tensors.map((tensor) => [tensor.name, tensor]))
  const wrong = (what: string) => new C3DError('C3D_WEIGHTS', `'${file}' does not fit the model: ${what}.`)
  const locations = wanted.map(({ name, dtype, shape }) => {
    const tensor = found.get(name)
    const expected = `expected ${dtype} [${shape.join(', ')}] for tensor '${name}'`
    if (!tensor) throw wrong(`${expected}, but there is none; the file has ${[...found.keys()].join(', ')}`)
    if (tensor.dtype !== dtype || tensor.shape.join() !== shape.join())
      throw wrong(`${expected}, got ${tensor.dtype} [${tensor.shape.join(', ')}]${advice(name)}`)
    return { name, offset: tensor.offset }
  })
  const names = new Set(wanted.map((tensor) => tensor.name))
  const unknown = contents.tensors.filter(({ name }) => !names.has(name) && !mayBeLeft(name))
  if (unknown.length > 0)
    throw wrong(
      `it holds tensors that the model has no place for: ${unknown.map((tensor) => tensor.name).join(', ')}`,
    )
  return locations
}
