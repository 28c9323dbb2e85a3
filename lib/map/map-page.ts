import { escapeXml } from '../charts/escape-xml'
import type { FeatureMap } from './feature-map'
import { describe, mapSvg } from './map-svg'

/**
 * The map as one HTML page that needs no other file and no network: a point shows its video's frame under the mouse,
 * the legend picks a class out.
 *
 * @param thumbnails a `data:` address for each point; '' where there is none
 */
export function mapPage(map: FeatureMap, thumbnails: readonly string[]): string {
  const points = map.points.map((point, i) => [describe(point), point.path, thumbnails[i] ?? ''])
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${escapeXml(`Map of ${map.layer}`)}</title>
<style>${STYLE}</style>
${mapSvg(map)}<div id="card" hidden><img alt=""><div></div><small></small></div>
<script type="application/json" id="points">${inScript(points)}</script>
<script>${SCRIPT}</script>
</html>
`
}

/** JSON that cannot end the element that it stands in. */
function inScript(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c')
}

const STYLE = `
body { margin: 8px; font: 13px sans-serif }
[data-point], [data-legend] { cursor: pointer }
.picking path { opacity: .08 }
.picking .picked path, .picking path.picked { opacity: 1 }
[data-point]:hover { stroke: black; stroke-width: 1.5px }
#card { position: fixed; padding: 6px; background: white; border: 1px solid #999; border-radius: 4px; box-shadow: 0 2px 8px #0004; pointer-events: none; max-width: 260px; overflow-wrap: anywhere }
#card img { width: 224px; margin-bottom: 4px }
#card small { color: #555 }
`

const SCRIPT = `
const points = JSON.parse(document.getElementById('points').textContent)
const svg = document.querySelector('svg')
const card = document.getElementById('card')
const [image, name, path] = card.children
// The browser's own tip would lie over the card.
for (const title of svg.querySelectorAll('[data-point] title')) title.remove()
svg.addEventListener('pointermove', (event) => {
  const point = points[event.target.dataset.point]
  card.hidden = !point
  if (!point) return
  name.textContent = point[0]
  path.textContent = point[1]
  image.hidden = point[2] === ''
  if (image.src !== point[2]) image.src = point[2]
  const right = event.clientX + 16 + card.offsetWidth < innerWidth
  card.style.left = (right ? event.clientX + 16 : event.clientX - 16 - card.offsetWidth) + 'px'
  card.style.top = Math.max(0, Math.min(event.clientY + 16, innerHeight - card.offsetHeight - 8)) + 'px'
})
svg.addEventListener('pointerleave', () => { card.hidden = true })
svg.addEventListener('click', (event) => {
  const entry = event.target.closest('[data-legend]')
  const again = entry?.classList.contains('picked')
  for (const picked of svg.querySelectorAll('.picked')) picked.classList.remove('picked')
  svg.classList.toggle('picking', Boolean(entry) && !again)
  if (!entry || again) return
  entry.classList.add('picked')
  for (const marker of svg.querySelectorAll('[data-point][data-group="' + entry.dataset.legend + '"]')) marker.classList.add('picked')
})
`
