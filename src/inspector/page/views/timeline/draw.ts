import type { Span } from '../../../../timeline/history.ts'
import { LOOKS, lookOf } from '../../../../timeline/looks.ts'
import { ticksOf } from '../../../../timeline/ticks.ts'
import type { Fleet, Trace } from '../../model/fleet.ts'
import type { TimeWindow } from '../../model/window.ts'
import { duration, timeOfDay } from '../../model/words.ts'

/** Pixels: the height of a lane, of the axis above them, and the width of the names before them. */
export const LANE = 24
export const AXIS = 24
export const NAMES = 120
/** Pixels for each label of the axis. */
const TICK_ROOM = 110
/** So that no state is too short to be seen. */
const LEAST_WIDTH = 1.5
const FONT = '12px system-ui, sans-serif'

interface Scene {
  window: TimeWindow
  /** Pixels that the lanes are scrolled by. */
  top: number
  fleet: Fleet
}

type Colours = (name: string) => string

/** Draws what is to be seen of the lanes, in the colours of the page's style. */
export function draw(canvas: HTMLCanvasElement, { window, top, fleet }: Scene): void {
  const context = canvas.getContext('2d')
  if (context === null) return
  const { clientWidth: width, clientHeight: height } = canvas
  const ratio = devicePixelRatio
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio)
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio)
  const style = getComputedStyle(canvas)
  const colours: Colours = (name) => style.getPropertyValue(`--${name}`)
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  context.font = FONT
  context.textBaseline = 'middle'
  const scale = (at: number): number =>
    NAMES + ((at - window.from) / (window.to - window.from)) * (width - NAMES)
  drawAxis(context, window, scale, { width, height, colours })
  const first = Math.floor(top / LANE)
  const last = Math.ceil((top + height - AXIS) / LANE)
  context.save()
  context.beginPath()
  context.rect(0, AXIS, width, height - AXIS)
  context.clip()
  for (const [at, trace] of slice(fleet.traces.values(), first, last)) {
    drawLane(context, trace, AXIS + at * LANE - top + LANE / 2, { window, scale, colours })
  }
  context.restore()
}

function* slice<T>(values: Iterable<T>, first: number, last: number): Generator<[number, T]> {
  let at = 0
  for (const value of values) {
    if (at >= last) return
    if (at >= first) yield [at, value]
    at += 1
  }
}

type Scale = (at: number) => number

function drawAxis(
  context: CanvasRenderingContext2D,
  { from, to }: TimeWindow,
  scale: Scale,
  { width, height, colours }: { width: number; height: number; colours: Colours },
): void {
  context.strokeStyle = colours('line')
  context.fillStyle = colours('quiet')
  context.textAlign = 'center'
  context.beginPath()
  for (const { at, label } of ticksOf(from, to, Math.max(1, (width - NAMES) / TICK_ROOM))) {
    const x = Math.round(scale(at)) + 0.5
    context.moveTo(x, AXIS)
    context.lineTo(x, height)
    context.fillText(label, x, AXIS / 2)
  }
  context.stroke()
  context.textAlign = 'left'
}

function drawLane(
  context: CanvasRenderingContext2D,
  { name, lane }: Trace,
  middle: number,
  { window, scale, colours }: { window: TimeWindow; scale: Scale; colours: Colours },
): void {
  for (const span of seen(lane.spans, window)) {
    const look = lookOf(span.state)
    const thickness = LOOKS[look].height * 0.8
    const from = Math.max(NAMES, scale(span.from))
    const to = scale(span.isOpen ? Math.max(window.to, span.from) : span.to)
    context.fillStyle = colours(look)
    context.fillRect(from, middle - thickness / 2, Math.max(LEAST_WIDTH, to - from), thickness)
  }
  for (const { kind, at } of lane.marks) {
    if (at < window.from || at > window.to) continue
    context.fillStyle = colours(kind === 'exit' ? 'ground' : 'fault')
    context.strokeStyle = colours(kind === 'exit' ? 'text' : 'ground')
    context.beginPath()
    if (kind === 'exit') context.arc(scale(at), middle, 4, 0, 2 * Math.PI)
    else diamond(context, scale(at), middle, 7)
    context.fill()
    context.stroke()
  }
  context.fillStyle = colours('ground')
  context.fillRect(0, middle - LANE / 2, NAMES, LANE)
  context.fillStyle = colours('text')
  context.fillText(shortened(name), 8, middle)
}

function shortened(name: string): string {
  return name.length <= 15 ? name : `${name.slice(0, 14)}…`
}

function diamond(context: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  context.moveTo(x, y - size)
  context.lineTo(x + size, y)
  context.lineTo(x, y + size)
  context.lineTo(x - size, y)
  context.closePath()
}

/** From the newest to the oldest that is seen. */
function* seen(spans: readonly Span[], { from, to }: TimeWindow): Generator<Span> {
  for (let at = spans.length - 1; at >= 0; at -= 1) {
    const span = spans[at]
    if (span === undefined || (!span.isOpen && span.to < from)) return
    if (span.from <= to) yield span
  }
}

/** What a lane is about at a moment, in words. */
export function spanAt({ name, lane }: Trace, at: number): string {
  const span = lane.spans.find(({ from, to, isOpen }) => from <= at && (isOpen || at < to))
  if (span === undefined) return name
  const { state, generation, from, to, isOpen } = span
  const run = generation === 0 ? '' : `, run ${generation}`
  const long = isOpen ? `since ${timeOfDay(from)}` : `for ${duration(to - from)} from ${timeOfDay(from)}`
  return `${name}: ${state}${run}, ${long}`
}
