import type { EngineEvent, StateEvent } from '../types.ts'
import type { Mark, Span } from './history.ts'

/** An event of some container. */
export type ContainerEvent = Extract<EngineEvent, { containerId: string }>

/** Spans and marks of one container, whose events are added as they come, in the order of their numbers. */
export class GrowingLane {
  /** Of one that is open, `to` is where it begins. */
  readonly spans: Span[] = []
  readonly marks: Mark[] = []
  readonly #begin: number
  #isKnown = false
  #exited: number | undefined
  #failed: string | undefined

  /** Where the first event told is not the container's first, it was in some state before, from `begin` on. */
  constructor(begin: number) {
    this.#begin = begin
  }

  add(event: ContainerEvent): void {
    if (event.type === 'monitor.lost') {
      this.marks.push({ kind: 'fault', at: Date.parse(event.at), text: 'conmon was lost' })
    }
    if (event.type !== 'state') return
    this.#mark(event)
    const at = Date.parse(event.at)
    if (!this.#isKnown) this.#addBefore(event, at)
    this.#isKnown = true
    this.#close(at)
    // Of one that is removed there is nothing any more.
    if (event.to === 'removed') return
    this.spans.push({ state: event.to, generation: event.generation, from: at, to: at, isOpen: true })
  }

  #addBefore({ from, to, generation }: StateEvent, at: number): void {
    if (from === null) return
    const beginsRun = to === 'creating' || to === 'restoring'
    this.spans.push({
      ...{ state: from, generation: beginsRun ? generation - 1 : generation },
      ...{ from: this.#begin, to: at, isOpen: false },
    })
  }

  /** A clock that was set back does not make it negative. */
  #close(at: number): void {
    const last = this.spans.at(-1)
    if (last?.isOpen !== true) return
    last.to = Math.max(last.from, at)
    last.isOpen = false
  }

  /** An exit code, and an error, is in every event until there is another: only the first tells of it. */
  #mark({ at, exitCode, error, generation }: StateEvent): void {
    const message = error === undefined ? undefined : `${error.code}: ${error.message}`
    const texts = [
      ...(exitCode === undefined || generation === this.#exited ? [] : [exitInWords(exitCode)]),
      ...(message === undefined || message === this.#failed ? [] : [message]),
    ]
    if (exitCode !== undefined) this.#exited = generation
    this.#failed = message
    if (texts.length === 0) return
    const kind = exitCode === 0 && message === undefined ? 'exit' : 'fault'
    this.marks.push({ kind, at: Date.parse(at), text: texts.join('; ') })
  }
}

function exitInWords(code: number): string {
  return code < 0 ? 'ended without an exit code' : `exit code ${code}`
}
