import { type AnyMachineSnapshot, fromPromise, type PromiseActorLogic } from 'xstate'

/** A state of one level below the top at most, as tests write it: `stopping.killing`. */
export function leafOf({ value }: AnyMachineSnapshot): string {
  if (typeof value === 'string') return value
  const [top, below] = Object.entries(value)[0] ?? []
  return `${top}.${below}`
}

/** One call of an effect. */
interface Call {
  name: string
  input: unknown
  signal: AbortSignal
  resolve: (output: never) => void
  reject: (error: unknown) => void
}

/** Effects that stay open until the test answers them. */
export class HeldCalls {
  /** Those that the test has not answered yet, oldest first. */
  readonly unanswered: Call[] = []

  hold<Output, Input>(name: string): PromiseActorLogic<Output, Input> {
    return fromPromise<Output, Input>(
      ({ input, signal }) =>
        new Promise<Output>((resolve, reject) => {
          this.unanswered.push({ name, input, signal, resolve: resolve as Call['resolve'], reject })
        }),
    )
  }

  /** Whether an effect is under way. */
  isOpen(name: string): boolean {
    return this.unanswered.some((call) => call.name === name && !call.signal.aborted)
  }

  /** The newest call of an effect that is under way. */
  open(name: string): Call {
    const call = this.unanswered.findLast((candidate) => candidate.name === name && !candidate.signal.aborted)
    if (call === undefined) throw new Error(`${name} is not open`)
    return call
  }

  async done(name: string, output?: unknown): Promise<void> {
    this.#take(name).resolve(output as never)
    await settle()
  }

  async failed(name: string, error: unknown = new Error(`${name} failed`)): Promise<void> {
    this.#take(name).reject(error)
    await settle()
  }

  #take(name: string): Call {
    const call = this.open(name)
    this.unanswered.splice(this.unanswered.indexOf(call), 1)
    return call
  }
}

/** Promise callbacks of an actor take a few turns of the microtask queue. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
}
