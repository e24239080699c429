interface Moves {
  /** Pixels. */
  pan: (x: number, y: number) => void
  /** Around a place across the canvas. */
  zoom: (factor: number, x: number) => void
  /** True where the key means something. */
  press: (key: string) => boolean
  point: (x: number, y: number) => void
  click: (x: number, y: number) => void
}

interface Place {
  x: number
  y: number
}

/** Pixels that a click may be off. */
const SLACK = 4
/** How much of a turn of the wheel makes things twice as near. */
const WHEEL = 300

/** Wheel, drag, pinch and keys on a canvas, as what they mean. */
export class Gestures {
  readonly #canvas: HTMLCanvasElement
  readonly #moves: Moves
  readonly #listening = new AbortController()
  readonly #fingers = new Map<number, Place>()
  #dragged = 0

  constructor(canvas: HTMLCanvasElement, moves: Moves) {
    this.#canvas = canvas
    this.#moves = moves
    const { signal } = this.#listening
    canvas.addEventListener('wheel', (event) => this.#wheel(event), { signal, passive: false })
    canvas.addEventListener('pointerdown', (event) => this.#down(event), { signal })
    canvas.addEventListener('pointermove', (event) => this.#move(event), { signal })
    canvas.addEventListener('pointerup', (event) => this.#up(event), { signal })
    canvas.addEventListener('pointercancel', (event) => this.#fingers.delete(event.pointerId), { signal })
    canvas.addEventListener('keydown', (event) => this.#key(event), { signal })
  }

  close(): void {
    this.#listening.abort()
  }

  #key(event: KeyboardEvent): void {
    if (!event.ctrlKey && !event.metaKey && !event.altKey && this.#moves.press(event.key))
      event.preventDefault()
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault()
    const { x } = this.#placeOf(event)
    if (event.shiftKey) this.#moves.pan(0, -(event.deltaY || event.deltaX))
    else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.#moves.pan(-event.deltaX, 0)
    else this.#moves.zoom(2 ** (-event.deltaY / WHEEL), x)
  }

  #down(event: PointerEvent): void {
    this.#canvas.setPointerCapture(event.pointerId)
    this.#fingers.set(event.pointerId, this.#placeOf(event))
    this.#dragged = this.#fingers.size > 1 ? SLACK : 0
  }

  #move(event: PointerEvent): void {
    const now = this.#placeOf(event)
    const before = this.#fingers.get(event.pointerId)
    if (before === undefined) {
      this.#moves.point(now.x, now.y)
      return
    }
    const other = [...this.#fingers].find(([id]) => id !== event.pointerId)?.[1]
    if (other !== undefined) {
      const factor = distance(now, other) / Math.max(1, distance(before, other))
      this.#moves.zoom(factor, (now.x + other.x) / 2)
    } else {
      this.#dragged += distance(before, now)
      if (this.#dragged >= SLACK) this.#moves.pan(now.x - before.x, now.y - before.y)
    }
    this.#fingers.set(event.pointerId, now)
  }

  #up(event: PointerEvent): void {
    const { x, y } = this.#placeOf(event)
    const isClick = this.#fingers.delete(event.pointerId) && this.#dragged < SLACK
    if (isClick) this.#moves.click(x, y)
  }

  #placeOf({ clientX, clientY }: MouseEvent): Place {
    const { left, top } = this.#canvas.getBoundingClientRect()
    return { x: clientX - left, y: clientY - top }
  }
}

const distance = (a: Place, b: Place): number => Math.hypot(a.x - b.x, a.y - b.y)
