/** 8-bit RGB pixels. */
export interface Picture {
  width: number
  height: number
  /** [height, width, 3] */
  data: Uint8Array
}

export type Colour = readonly [number, number, number]

export function blank(width: number, height: number, [red, green, blue]: Colour): Picture {
  const data = new Uint8Array(width * height * 3)
  for (let i = 0; i < data.length; i += 3) {
    data[i] = red
    data[i + 1] = green
    data[i + 2] = blue
  }
  return { width, height, data }
}

/** Frame `index` of [frames, height, width, 3]; shares its memory. */
export function frameOf(
  { data, shape }: { data: Uint8Array; shape: readonly [number, number, number, number] },
  index: number,
): Picture {
  const [, height, width] = shape
  const size = height * width * 3
  return { width, height, data: data.subarray(index * size, (index + 1) * size) }
}

/** Each pixel becomes a square of `scale` by `scale`. */
export function enlarged(picture: Picture, scale: number): Picture {
  if (scale === 1) return picture
  const [width, height] = [picture.width * scale, picture.height * scale]
  const data = new Uint8Array(width * height * 3)
  const row = 3 * width
  for (let y = 0; y < picture.height; y++) {
    const top = y * scale * row
    let at = top
    for (let x = 0; x < picture.width; x++) {
      const from = 3 * (y * picture.width + x)
      for (let copy = 0; copy < scale; copy++)
        for (let channel = 0; channel < 3; channel++) data[at++] = picture.data[from + channel] as number
    }
    for (let copy = 1; copy < scale; copy++) data.copyWithin(top + copy * row, top, top + row)
  }
  return { width, height, data }
}

/** Writes a picture into a larger one, whose pixels there are lost. */
export function paste(target: Picture, picture: Picture, left: number, top: number): void {
  const row = picture.width * 3
  for (let y = 0; y < picture.height; y++)
    target.data.set(picture.data.subarray(y * row, (y + 1) * row), 3 * ((top + y) * target.width + left))
}

/** RGB to opaque RGBA, as encoders want it. */
export function withAlpha(rgb: Uint8Array): Uint8Array {
  const rgba = new Uint8Array((rgb.length / 3) * 4).fill(255)
  for (let i = 0, j = 0; i < rgb.length; i += 3, j += 4) {
    rgba[j] = rgb[i] as number
    rgba[j + 1] = rgb[i + 1] as number
    rgba[j + 2] = rgb[i + 2] as number
  }
  return rgba
}
