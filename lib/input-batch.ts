import type { Architecture } from './config/architectures'
import type { ModelClasses } from './labels'
import type { NativeAnswers } from './native/binding'
import { C3DError } from './native/errors'

/** A batch of network inputs. */
export interface InputBatch {
  /**
   * Row-major values, already preprocessed: resized, cropped, (pixel - mean) * scale, channels in the model's order.
   * Read on another thread: leave it alone until the answer is there.
   */
  data: Float32Array
  /** [clips, 3, frames, height, width] */
  shape: readonly number[]
}

/** A batch of clips as pixels. */
export interface PixelBatch {
  /** Row-major, resized and cropped. Read on another thread: leave it alone until the answer is there. */
  data: Uint8Array
  /** [clips, frames, height, width, 3] */
  shape: readonly number[]
}

/** Throws C3D_INVALID_ARGUMENT unless it is a batch of the network's inputs. */
export function requireInput({ data, shape }: InputBatch, { input }: Architecture): void {
  const { frames, height, width } = input
  requireShape(shape, [3, frames, height, width], 'channels, frames, height, width')
  requireValues(data, shape, 'Float32Array')
}

/** Throws C3D_INVALID_ARGUMENT unless it is a batch of clips of the network's size. */
export function requirePixels({ data, shape }: PixelBatch, { input }: Architecture): void {
  const { frames, height, width } = input
  requireShape(shape, [frames, height, width, 3], 'frames, height, width, channels')
  requireValues(data, shape, 'Uint8Array')
}

/** A class number for each clip, in the order of the model's classes; of a multi-label model a list of them. */
export type ClipLabels = ArrayLike<number> | readonly (readonly number[])[]

/**
 * The labels of clips that come in batches, as the addon takes them.
 *
 * @param batches the labels and the number of clips of each
 * @throws C3D_INVALID_ARGUMENT unless there is a class, or of a multi-label model a list, for each clip
 */
export function nativeAnswers(
  batches: readonly (readonly [ClipLabels, number])[],
  { classes: { length }, multiLabel }: ModelClasses,
): NativeAnswers {
  if (!multiLabel) {
    const labels = batches.flatMap(([given, clips]) => checkedLabels(given, clips, length))
    return { labels: Int32Array.from(labels), targets: null }
  }
  const targets = batches.flatMap(([given, clips]) => checkedTargets(given, clips, length))
  const shape = [targets.length / length, length]
  return { labels: new Int32Array(), targets: { data: Float32Array.from(targets), shape } }
}

function isClassNumber(label: unknown, classes: number): label is number {
  return typeof label === 'number' && Number.isInteger(label) && label >= 0 && label < classes
}

function checkedLabels(given: ClipLabels, clips: number, classes: number): number[] {
  const labels = Array.from<unknown>(given)
  const fits = (label: unknown) => isClassNumber(label, classes)
  if (labels.length !== clips || !labels.every(fits))
    throw new C3DError(
      'C3D_INVALID_ARGUMENT',
      `Expected ${clips} labels, one a clip, from 0 to ${classes - 1}, got [${labels.join(', ')}].`,
    )
  return labels as number[]
}

/** 1 for each class of a clip and 0 for all others, clip by clip. */
function checkedTargets(given: ClipLabels, clips: number, classes: number): number[] {
  const lists = Array.from<unknown>(given)
  const isClass = (label: unknown) => isClassNumber(label, classes)
  if (lists.length !== clips || !lists.every((list) => Array.isArray(list) && list.every(isClass)))
    throw new C3DError(
      'C3D_INVALID_ARGUMENT',
      `Expected ${clips} lists of class numbers from 0 to ${classes - 1}, one a clip, since the model is multi-label, got ${JSON.stringify(lists)}.`,
    )
  return lists.flatMap((list) =>
    Array.from({ length: classes }, (_, label) => ((list as number[]).includes(label) ? 1 : 0)),
  )
}

/** 'Float32Array'. By name, since an array from another realm (a VM context, as in jest) has another class. */
export function typeName(data: unknown): string {
  return Object.prototype.toString.call(data).slice('[object '.length, -1)
}

function requireShape(shape: readonly number[], wanted: number[], meaning: string): void {
  const fits = shape.length === 5 && wanted.every((size, i) => shape[i + 1] === size) && (shape[0] ?? 0) >= 1
  if (!fits)
    throw new C3DError(
      'C3D_INVALID_ARGUMENT',
      `Expected the shape [clips, ${wanted.join(', ')}] (${meaning}), got [${shape.join(', ')}].`,
    )
}

function requireValues(data: ArrayLike<number>, shape: readonly number[], type: string): void {
  const given = typeName(data)
  const size = shape.reduce((product, length) => product * length, 1)
  if (given !== type || data.length !== size)
    throw new C3DError(
      'C3D_INVALID_ARGUMENT',
      `Expected a ${type} of ${size} values for the shape [${shape.join(', ')}], got a ${given} of ${data.length}.`,
    )
}
