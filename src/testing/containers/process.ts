import type { Readable } from 'node:stream'
import type { ExitEvidence, ProcessFacts } from '../../../machines/index.ts'
import { parseSignal } from '../../spec/signals.ts'
import type { VirtualClock } from '../clock.ts'
import type { Program, ProgramProcess } from '../program.ts'

const SIGKILL = 9
/** Signals that by themselves end nothing: SIGCHLD, SIGCONT, those that stop a process, SIGURG and SIGWINCH. */
const HARMLESS: ReadonlySet<number> = new Set([17, 18, 19, 20, 21, 22, 23, 28])

/** What a process is made of. */
export interface Birth {
  facts: ProcessFacts
  command: readonly string[]
  env: readonly string[]
  stdin?: Readable | undefined
  print: (line: string, stream: 'stdout' | 'stderr') => void
}

/** A process that is none: a program of the test, what it takes of signals, and its end. */
export class SimulatedProcess implements ProgramProcess {
  readonly facts: ProcessFacts
  readonly command: readonly string[]
  readonly env: readonly string[]
  readonly stdin: Readable | undefined
  readonly startedAt: string
  readonly ended: Promise<ExitEvidence>
  isUnkillable = false
  readonly #clock: VirtualClock
  readonly #print: Birth['print']
  readonly #taken = new Map<number, () => void>()
  readonly #held: number[] = []
  #resolveEnded: (exit: ExitEvidence) => void = () => {}
  #exit: ExitEvidence | undefined
  #hasBegun = false
  #thawed: PromiseWithResolvers<void> | undefined

  constructor({ facts, command, env, stdin, print }: Birth, clock: VirtualClock) {
    this.facts = facts
    this.command = command
    this.env = env
    this.stdin = stdin
    this.startedAt = clock.now().toISOString()
    this.#clock = clock
    this.#print = print
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
  }

  get pid(): number {
    return this.facts.pid
  }

  /** undefined while it lives. */
  get exitEvidence(): ExitEvidence | undefined {
    return this.#exit
  }

  get isFrozen(): boolean {
    return this.#thawed !== undefined
  }

  /** Runs its program. */
  begin(program: Program): void {
    this.#hasBegun = true
    void this.#run(program)
  }

  print(line: string, stream: 'stdout' | 'stderr' = 'stdout'): void {
    if (this.#exit === undefined) this.#print(line, stream)
  }

  on(signal: string | number, take: () => void): void {
    this.#taken.set(parseSignal(signal), take)
  }

  exit(code: number): void {
    this.end({ code })
  }

  async sleep(ms: number): Promise<void> {
    await this.#clock.wait(ms)
    await this.#thawed?.promise
  }

  /** False where it has ended. One that is frozen takes a signal when it is thawed, but SIGKILL at once. */
  signal(number: number): boolean {
    if (this.#exit !== undefined) return false
    if (this.isUnkillable) return true
    if (number === SIGKILL) this.end({ code: 128 + SIGKILL })
    else if (this.isFrozen) this.#held.push(number)
    // The runtime's own init, which waits for the start, obeys nothing else.
    else if (this.#hasBegun) this.#take(number)
    return true
  }

  freeze(): void {
    this.#thawed ??= Promise.withResolvers()
  }

  thaw(): void {
    this.#thawed?.resolve()
    this.#thawed = undefined
    for (const number of this.#held.splice(0)) this.signal(number)
  }

  /** Ends it, whatever it does. */
  end({ code, oomKilled = false }: { code: number; oomKilled?: boolean | undefined }): void {
    if (this.#exit !== undefined) return
    this.#exit = { code, oomKilled, finishedAt: this.#clock.now().toISOString() }
    this.#resolveEnded(this.#exit)
  }

  #take(number: number): void {
    const take = this.#taken.get(number)
    if (take !== undefined) take()
    else if (!HARMLESS.has(number)) this.end({ code: 128 + number })
  }

  async #run(program: Program): Promise<void> {
    try {
      const code = await program(this)
      if (code !== undefined) this.exit(code)
    } catch (error) {
      this.print(String(error), 'stderr')
      this.exit(1)
    }
  }
}
