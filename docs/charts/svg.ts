import { Graphviz } from '@hpcc-js/wasm-graphviz'
import { type ChartState, statesOf } from '../../src/graph/chart.ts'
import { toDot } from '../../src/graph/dot.ts'
import { drawingOf } from '../../src/graph/drawing.ts'
import { escapeXml } from '../../src/xml.ts'

const graphviz = await Graphviz.load()

/** A picture that needs nothing else. Each state's group has its path as its id, and tells what it means. */
export function toSvg(root: ChartState): string {
  const drawn = graphviz.layout(toDot(root), 'svg', 'dot')
  // Graphviz writes a hyphen as a reference, lest it end a comment.
  const plain = drawn.replace(/<!--.*?-->\n/gs, '').replaceAll('&#45;', '-')
  return withTitles(plain, root)
    .replace(/^.*?<svg /s, `<svg role="img" aria-label="${escapeXml(`the ${root.key} chart`)}" `)
    .replace(/>/, `>\n<style>${STYLE}</style>`)
}

/** What a pointer is told. */
function withTitles(svg: string, root: ChartState): string {
  const states = new Map(statesOf(root).map((state) => [state.path, state]))
  const { arrows } = drawingOf(root)
  const stateTitle = (path: string): string =>
    [path, states.get(path)?.description].filter(Boolean).join(': ')
  const arrowTitle = (index: number): string => arrows[index]?.labels.filter(Boolean).join(', ') ?? ''
  return svg
    .replace(
      /(<g id="([^"]+)" class="\w+ state">\n<title>).*?(?=<)/g,
      (_, start, path) => start + escapeXml(stateTitle(path)),
    )
    .replace(
      /(<g id="arrow (\d+)" class="[^"]+">\n<title>).*?(?=<)/g,
      (_, start, index) => start + escapeXml(arrowTitle(Number(index))),
    )
    .replace(/(<g id="(?:node|edge)\d+" class="[^"]+">)\n<title>.*?<\/title>/g, '$1')
}

/** Graphviz leaves room for letters of one size; names are larger than that, and all else is smaller. */
const STYLE = `
text { font-family: Helvetica, Arial, sans-serif; font-size: 10px }
.state text:first-of-type { font-size: 13px; font-weight: 600 }
.cluster path { fill: #fafafa }
.note polygon { fill: #fef9c3; stroke: #a1a1aa }
.note polyline { stroke: #a1a1aa }
@media (prefers-color-scheme: dark) {
  .graph > polygon { fill: #18181b }
  .cluster path { fill: #1f1f23; stroke: #a1a1aa }
  .node path { stroke: #d4d4d8 }
  .node path:not([fill="none"]) { fill: #27272a }
  .start ellipse { fill: #d4d4d8; stroke: #d4d4d8 }
  .note polygon { fill: #3f3a12; stroke: #a1a1aa }
  text { fill: #f4f4f5 }
  .event path, .event polygon { stroke: #93c5fd }
  .event polygon, .event text { fill: #93c5fd }
  .flow path, .flow polygon { stroke: #d4d4d8 }
  .flow polygon, .flow text { fill: #d4d4d8 }
  .failure path, .failure polygon { stroke: #fca5a5 }
  .failure polygon, .failure text { fill: #fca5a5 }
}
`
