/** The part of gifenc that is used; it comes without types. */
declare module 'gifenc' {
  type Palette = number[][]

  export function quantize(rgba: Uint8Array, maxColors: number): Palette
  export function applyPalette(rgba: Uint8Array, palette: Palette): Uint8Array
  export function GIFEncoder(): {
    writeFrame(
      index: Uint8Array,
      width: number,
      height: number,
      /** `delay`: milliseconds; `repeat`: 0 for ever. */
      options: { palette: Palette; delay: number; repeat: number },
    ): void
    finish(): void
    bytes(): Uint8Array
  }
}
