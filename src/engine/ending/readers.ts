/** Who reads a container's log: as long as somebody does, it is kept. */
export class Readers {
  #count = 0
  #waiting: (() => void)[] = []

  get none(): boolean {
    return this.#count === 0
  }

  /** Joins them; the function given back, called once, leaves. */
  join(): () => void {
    this.#count += 1
    return () => {
      this.#count -= 1
      if (this.#count > 0) return
      for (const resolve of this.#waiting.splice(0)) resolve()
    }
  }

  /** Resolves when the last of them has left. */
  gone(): Promise<void> {
    return this.none ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve))
  }
}
