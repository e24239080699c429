import type { Group } from './row.ts'

/** Ends a stage of a life, and begins the next. */
export type Lap = (stage: string) => void

/** How long each stage of a life took, of each who leads one. */
export class Laps {
  readonly #samples = new Map<string, number[]>()

  /** For one life, which begins now. */
  of(who: string): Lap {
    let begun = performance.now()
    return (stage) => {
      const ended = performance.now()
      const name = `${stage}, ${who}`
      this.#samples.set(name, [...(this.#samples.get(name) ?? []), ended - begun])
      begun = ended
    }
  }

  /** What was measured, warm-up left out. */
  group(title: string, warmUp: number): Group {
    const series = [...this.#samples].sort(([a], [b]) => (a < b ? -1 : 1))
    return {
      title,
      series: series.map(([name, samples]) => ({ name, unit: 'ms', samples: samples.slice(warmUp) })),
    }
  }
}
