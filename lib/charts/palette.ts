/** Okabe and Ito's colours, which people with any kind of colour vision tell apart. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#f0e442']

/** Again from the start after 8. */
export function colour(i: number): string {
  return COLOURS[i % COLOURS.length] ?? 'black'
}

/** Paths around 0 0, about 8 wide. */
const SHAPES = [
  'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z',
  'M-3.5 -3.5h7v7h-7Z',
  'M0 -4.6L4.4 3.4H-4.4Z',
  'M0 -5L5 0L0 5L-5 0Z',
  'M-4.4 -3.4H4.4L0 4.6Z',
]

/** The next one where the colours begin again, so that 40 markers differ. */
export function markerShape(i: number): string {
  return SHAPES[Math.floor(i / COLOURS.length) % SHAPES.length] ?? ''
}
