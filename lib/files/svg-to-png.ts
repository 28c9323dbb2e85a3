import { C3DError, messageOf } from '../native/errors'

/** Pixels of the picture for each of the drawing's. */
const ZOOM = 2

/** Letters of writing systems that the fonts of this package do not have: most of those of Asia, and emoji. */
const FOREIGN =
  /[\u0900-\u0dff\u0f00-\u109f\u1780-\u1cff\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffee\u{1f000}-\u{3ffff}]/u

/** What draws, and its fonts. */
interface Renderer {
  renderAsync: typeof import('@resvg/resvg-js').renderAsync
  fontFiles: string[]
}

/**
 * Draws an SVG as PNG, at twice its size, on a thread of its own. Text is set in DejaVu Sans, which comes with an
 * optional dependency, whatever fonts the machine has; only letters that it lacks are taken from those of the machine.
 *
 * @throws C3D_INVALID_ARGUMENT (no SVG), and as loadSvgRenderer
 */
export async function svgToPng(svg: string): Promise<Buffer> {
  const { renderAsync, fontFiles } = await loadSvgRenderer()
  const font = {
    fontFiles,
    loadSystemFonts: FOREIGN.test(svg),
    defaultFontFamily: 'DejaVu Sans',
    sansSerifFamily: 'DejaVu Sans',
  }
  try {
    const picture = await renderAsync(svg, { font, fitTo: { mode: 'zoom', value: ZOOM } })
    return picture.asPng()
  } catch (error) {
    throw new C3DError('C3D_INVALID_ARGUMENT', `Cannot draw the SVG: ${messageOf(error)}`, { cause: error })
  }
}

/**
 * Loads what svgToPng needs, for those who want to know before they compute what is to be drawn.
 *
 * @throws C3D_INVALID_CONFIG where the optional dependencies are not installed
 */
export async function loadSvgRenderer(): Promise<Renderer> {
  try {
    const { renderAsync } = await import('@resvg/resvg-js')
    const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) =>
      require.resolve(`dejavu-fonts-ttf/ttf/${name}`),
    )
    return { renderAsync, fontFiles }
  } catch (error) {
    throw new C3DError(
      'C3D_INVALID_CONFIG',
      `Drawing .png files needs the packages @resvg/resvg-js and dejavu-fonts-ttf, which are optional and not installed here: npm install @resvg/resvg-js dejavu-fonts-ttf. Or write an .svg, which needs neither. (${messageOf(error)})`,
      { cause: error },
    )
  }
}
