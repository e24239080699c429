import type { Fleet } from '../../model/fleet.ts'
import { endingAt, panned, type TimeWindow, zoomed } from '../../model/window.ts'
import { AXIS, draw, LANE, NAMES, spanAt } from './draw.ts'
import { Gestures } from './gestures.ts'

/** Milliseconds that are shown at first. */
const AT_FIRST = 30_000
const STEP = 0.2
const ZOOM = 1.5

interface Told {
  live: (isLive: boolean) => void
  /** What the pointer is at, in words; '' for nothing. */
  point: (words: string) => void
  open: (containerId: string) => void
}

/** The canvas of the timeline, and what moves it. Only the lanes that are seen are drawn. */
export class TimelineScreen {
  readonly #canvas: HTMLCanvasElement
  readonly #fleet: Fleet
  readonly #told: Told
  readonly #gestures: Gestures
  #window: TimeWindow = { from: Date.now() - AT_FIRST, to: Date.now() }
  #isLive = true
  /** Pixels. */
  #top = 0
  #frame = 0

  constructor(canvas: HTMLCanvasElement, fleet: Fleet, told: Told) {
    this.#canvas = canvas
    this.#fleet = fleet
    this.#told = told
    this.#gestures = new Gestures(canvas, {
      pan: (x, y) => {
        if (x !== 0) this.#move(panned(this.#window, -x / this.#width))
        this.#scroll(-y)
      },
      zoom: (factor, x) => this.#move(zoomed(this.#window, factor, this.#timeAt(x))),
      press: (key) => this.press(key),
      point: (x, y) => this.#point(x, y),
      click: (_x, y) => {
        const lane = this.#laneAt(y)
        if (lane !== undefined) told.open(lane.id)
      },
    })
    this.#loop()
  }

  /** Obeys a key; false where it means nothing here. */
  press(key: string): boolean {
    const { from, to } = this.#window
    const middle = this.#isLive ? to : (from + to) / 2
    if (key === 'ArrowLeft') this.#move(panned(this.#window, -STEP))
    else if (key === 'ArrowRight') this.#move(panned(this.#window, STEP))
    else if (key === 'ArrowUp') this.#scroll(-LANE)
    else if (key === 'ArrowDown') this.#scroll(LANE)
    else if (key === 'PageUp') this.#scroll(-this.#canvas.clientHeight / 2)
    else if (key === 'PageDown') this.#scroll(this.#canvas.clientHeight / 2)
    else if (key === '+' || key === '=') this.#zoom(ZOOM, middle)
    else if (key === '-') this.#zoom(1 / ZOOM, middle)
    else if (key === 'Home') this.#showAll()
    else if (key === 'End') this.#follow(true)
    else return false
    return true
  }

  close(): void {
    cancelAnimationFrame(this.#frame)
    this.#gestures.close()
  }

  get #width(): number {
    return Math.max(1, this.#canvas.clientWidth - NAMES)
  }

  #loop(): void {
    this.#frame = requestAnimationFrame(() => this.#loop())
    if (this.#isLive) this.#window = endingAt(this.#window, Math.max(Date.now(), this.#fleet.lastAt))
    draw(this.#canvas, { window: this.#window, top: this.#top, fleet: this.#fleet })
  }

  #move(window: TimeWindow): void {
    this.#follow(false)
    this.#window = window
  }

  /** Nearer or farther; one that follows goes on following. */
  #zoom(factor: number, around: number): void {
    this.#window = zoomed(this.#window, factor, around)
  }

  #showAll(): void {
    const { firstAt, lastAt } = this.#fleet
    if (lastAt === 0) return
    this.#move({ from: firstAt, to: Math.max(firstAt + 1, lastAt) })
  }

  #follow(isLive: boolean): void {
    if (this.#isLive === isLive) return
    this.#isLive = isLive
    this.#told.live(isLive)
  }

  #scroll(by: number): void {
    const most = this.#fleet.traces.size * LANE - (this.#canvas.clientHeight - AXIS)
    this.#top = Math.max(0, Math.min(most, this.#top + by))
  }

  #timeAt(x: number): number {
    const { from, to } = this.#window
    return from + ((x - NAMES) / this.#width) * (to - from)
  }

  #laneAt(y: number) {
    if (y < AXIS) return undefined
    const at = Math.floor((y - AXIS + this.#top) / LANE)
    return [...this.#fleet.traces.values()][at]
  }

  #point(x: number, y: number): void {
    const trace = this.#laneAt(y)
    this.#told.point(trace === undefined ? '' : spanAt(trace, this.#timeAt(x)))
  }
}
