import { escapeXml } from '../xml.ts'
import type { History, Lane, Mark, Span } from './history.ts'
import { LOOKS, lookOf } from './looks.ts'
import { ticksOf } from './ticks.ts'

const WIDTH = 1200
const MARGIN = 20
/** Where the lanes begin, behind their names. */
const LEFT = 200
const RIGHT = WIDTH - MARGIN
const TOP = 76
const LANE_HEIGHT = 34
const NAME_LETTERS = 24
const MOST_TICKS = 9
/** So that no state is too short to be seen. */
const LEAST_WIDTH = 1.5

/** A picture of what containers did, a lane for each. It needs nothing else, and is for light and dark. */
export function toSvg(history: History): string {
  const height = TOP + Math.max(1, history.lanes.length) * LANE_HEIGHT + MARGIN
  const scale = scaleOf(history)
  const what = summary(history)
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeXml(what)}">`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" width="${WIDTH}" height="${height}"/>`,
    `<text class="head" x="${MARGIN}" y="30">${escapeXml(what)}</text>`,
    ...legend(),
    ...axis(history, scale, height),
    ...history.lanes.flatMap((lane, index) => drawLane(lane, TOP + index * LANE_HEIGHT, scale)),
    '</svg>',
  ].join('\n')}\n`
}

/** Where a moment is across the picture. */
type Scale = (at: number) => number

function scaleOf({ from, to }: History): Scale {
  const width = RIGHT - LEFT
  return (at) => round(to === from ? LEFT : LEFT + ((at - from) / (to - from)) * width)
}

function summary({ from, to, lanes }: History): string {
  if (lanes.length === 0) return 'Nothing has happened'
  const count = lanes.length === 1 ? '1 container' : `${lanes.length} containers`
  return `${count}, ${time(from)} to ${time(to)} UTC`
}

function legend(): string[] {
  const looks = Object.entries(LOOKS).map(([look, { words, height }]) => ({
    words,
    sample: (x: number) =>
      `<rect class="${look}" x="${x}" y="${52 - height / 2}" width="22" height="${height}" rx="2"/>`,
  }))
  const marks = (['exit', 'fault'] as const).map((kind) => ({
    words: kind === 'exit' ? 'exit code 0' : 'fault, or another exit code',
    sample: (x: number) => shape(kind, x + 11, 52),
  }))
  return [...looks, ...marks].flatMap(({ words, sample }, index) => {
    const x = MARGIN + index * 130
    return [sample(x), `<text x="${x + 30}" y="56">${words}</text>`]
  })
}

function axis({ from, to, lanes }: History, scale: Scale, height: number): string[] {
  if (lanes.length === 0) return []
  return ticksOf(from, to, MOST_TICKS).flatMap(({ at, label }) => [
    `<line class="tick" x1="${scale(at)}" x2="${scale(at)}" y1="${TOP}" y2="${height - MARGIN}"/>`,
    `<text class="time" x="${scale(at)}" y="${height - 5}">${label}</text>`,
  ])
}

function drawLane({ id, name, spans, marks }: Lane, top: number, scale: Scale): string[] {
  const middle = top + LANE_HEIGHT / 2
  const short = name.length <= NAME_LETTERS ? name : `${name.slice(0, NAME_LETTERS - 1)}…`
  return [
    '<g class="lane">',
    `<text x="${MARGIN}" y="${middle + 4}">${escapeXml(short)}${title(`${name} ${id}`)}</text>`,
    ...spans.map((span) => drawSpan(span, middle, scale)),
    ...marks.map((mark) => drawMark(mark, middle, scale)),
    '</g>',
  ]
}

function drawSpan(span: Span, middle: number, scale: Scale): string {
  const look = lookOf(span.state)
  const { height } = LOOKS[look]
  const [x, end] = [scale(span.from), scale(span.to)]
  const width = round(Math.max(LEAST_WIDTH, end - x))
  const place = `x="${x}" y="${middle - height / 2}" width="${width}" height="${height}"`
  return `<rect class="${look}" ${place}>${title(spanInWords(span))}</rect>`
}

function drawMark({ kind, at, text }: Mark, middle: number, scale: Scale): string {
  return `<g>${shape(kind, scale(at), middle)}${title(`${text}, ${time(at)}`)}</g>`
}

/** A fault is pointed, so that it can be told without colours. */
function shape(kind: Mark['kind'], x: number, y: number): string {
  if (kind === 'exit') return `<circle class="exit" cx="${x}" cy="${y}" r="5"/>`
  return `<path class="fault" d="M${x},${y - 8}l8,8l-8,8l-8,-8z"/>`
}

function spanInWords({ state, generation, from, to, isOpen }: Span): string {
  const run = generation === 0 ? '' : `, run ${generation}`
  const until = isOpen ? `since ${time(from)}` : `${time(from)} to ${time(to)} (${(to - from) / 1000} s)`
  return `${state}${run}, ${until}`
}

function title(text: string): string {
  return `<title>${escapeXml(text)}</title>`
}

function time(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').replace('Z', '')
}

function round(number: number): number {
  return Math.round(number * 100) / 100
}

const STYLE = `
text { font: 12px Helvetica, Arial, sans-serif; fill: #18181b }
.head { font-size: 15px; font-weight: 600 }
.time { fill: #52525b; font-size: 11px; text-anchor: middle }
.ground { fill: #ffffff }
.tick { stroke: #e4e4e7 }
.running { fill: #16a34a }
.paused { fill: #2563eb }
.busy { fill: #d97706 }
.doubt { fill: #9333ea }
.waiting { fill: #a1a1aa }
.over { fill: #71717a }
.exit { fill: #ffffff; stroke: #18181b; stroke-width: 2 }
.fault { fill: #dc2626; stroke: #ffffff; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #f4f4f5 }
  .time { fill: #a1a1aa }
  .ground { fill: #18181b }
  .tick { stroke: #3f3f46 }
  .running { fill: #22c55e }
  .paused { fill: #60a5fa }
  .busy { fill: #f59e0b }
  .doubt { fill: #c084fc }
  .waiting { fill: #71717a }
  .over { fill: #a1a1aa }
  .exit { fill: #18181b; stroke: #f4f4f5 }
  .fault { fill: #f87171; stroke: #18181b }
}
`
