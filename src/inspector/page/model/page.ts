import type { Connection } from '../feed/feed.ts'
import type { Fleet } from './fleet.ts'

/** What the views share: what is known, how things are with the owner, and when to draw. */
export class Page {
  readonly fleet: Fleet
  connection: Connection = 'connecting'
  readonly #schedule: (draw: () => void) => void
  readonly #views = new Set<() => void>()
  #isDue = false

  /** `schedule` calls once, at the next frame. */
  constructor(fleet: Fleet, schedule: (draw: () => void) => void) {
    this.fleet = fleet
    this.#schedule = schedule
  }

  /** Whatever has changed is drawn with the next frame: once, however much it is. */
  changed(): void {
    if (this.#isDue) return
    this.#isDue = true
    this.#schedule(() => {
      this.#isDue = false
      for (const draw of [...this.#views]) draw()
    })
  }

  /** Has a view drawn; the function that it gives ends that. */
  draws(view: () => void): () => void {
    this.#views.add(view)
    return () => this.#views.delete(view)
  }
}
