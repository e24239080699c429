import fc from 'fast-check'
import { type Container, type ExitRecord, IllegalTransitionError, RunchartError } from '../../src/index.ts'
import { assertHistory, type Bench, claim, type ExitCode, rests, until } from './bench.ts'

/** The states in which a container rests, as the model has them. */
type Resting = 'created' | 'running' | 'paused' | 'exited' | 'removed'

/** What is known of one container. */
interface Known {
  state: Resting
  generation: number
}

/** All that the model knows: containers by their slot. */
export type Model = Map<Slot, Known>

/** What the model is held against. */
export interface Real {
  bench: Bench
  /** Tells the containers of one case from those of others. */
  prefix: string
  /** The number of the last event before the case. */
  since: number
  containers: Map<Slot, Container>
  /** Those and all that came before them. */
  all: Container[]
}

type Slot = 'a' | 'b'

const VERBS = [
  'create',
  'start',
  'stop',
  'term',
  'kill',
  'pause',
  'resume',
  'exit',
  'remove',
  'remove -f',
] as const
type Verb = (typeof VERBS)[number]

/** Where each verb leads from each state; what is not here is refused. */
const NEXT: Record<Resting, Partial<Record<Verb, Resting>>> = {
  created: { start: 'running', stop: 'exited', kill: 'exited', remove: 'removed', 'remove -f': 'removed' },
  running: {
    stop: 'exited',
    term: 'exited',
    kill: 'exited',
    pause: 'paused',
    exit: 'exited',
    'remove -f': 'removed',
  },
  paused: { resume: 'running', stop: 'exited', kill: 'exited', 'remove -f': 'removed' },
  exited: { create: 'created', start: 'running', stop: 'exited', remove: 'removed', 'remove -f': 'removed' },
  removed: {},
}

/** What a run that a verb ended has on record. A process may be killed before it has taken its stop. */
const ENDS: Partial<Record<Verb, { codes: number[]; cause: ExitRecord['cause'] }>> = {
  stop: { codes: [0, 137], cause: 'stopped-by-user' },
  term: { codes: [0], cause: 'exited' },
  kill: { codes: [137], cause: 'signalled' },
  exit: { codes: [3, 4], cause: 'exited' },
  remove: { codes: [137], cause: 'stopped-by-user' },
  'remove -f': { codes: [137], cause: 'stopped-by-user' },
}

/** Asks a container for something. Those that end a process resolve when that is told. */
async function ask(bench: Bench, container: Container, verb: Verb, code: ExitCode): Promise<unknown> {
  switch (verb) {
    case 'create':
      return container.create()
    case 'start':
      return container.start()
    case 'stop':
      return container.stop({ timeout: 5 })
    case 'term':
      return ending(bench, container, () => container.kill('SIGTERM'))
    case 'kill':
      return ending(bench, container, () => container.kill())
    case 'pause':
      return container.pause()
    case 'resume':
      return container.resume()
    case 'exit':
      if (container.state !== 'running') return undefined
      return ending(bench, container, async () => bench.exit(container, code))
    case 'remove':
      return container.remove()
    case 'remove -f':
      return container.remove({ force: true })
  }
}

async function ending(bench: Bench, container: Container, end: () => Promise<void>): Promise<void> {
  const before = container.inspect().pid
  await end()
  const { pid } = container.inspect()
  // Where another run has begun meanwhile, it is not the one that was ended.
  if (pid !== null && pid === before) await until(bench.engine, () => container.inspect().pid !== pid)
}

/** One container is made where there is none; else its slot is left as it is. */
class Make implements fc.AsyncCommand<Model, Real> {
  readonly slot: Slot

  constructor(slot: Slot) {
    this.slot = slot
  }

  check(model: Readonly<Model>): boolean {
    return (model.get(this.slot)?.state ?? 'removed') === 'removed'
  }

  async run(model: Model, real: Real): Promise<void> {
    const container = await real.bench.create(`${real.prefix}-${this.slot}`)
    real.containers.set(this.slot, container)
    real.all.push(container)
    model.set(this.slot, { state: 'created', generation: 1 })
    assertKnown(model, real, this.slot)
  }

  toString(): string {
    return `make ${this.slot}`
  }
}

/** One verb is asked for, and does what the model says, or is refused and changes nothing. */
class Ask implements fc.AsyncCommand<Model, Real> {
  readonly slot: Slot
  readonly verb: Verb
  readonly code: ExitCode

  constructor(slot: Slot, verb: Verb, code: ExitCode) {
    this.slot = slot
    this.verb = verb
    this.code = code
  }

  check(model: Readonly<Model>): boolean {
    const known = model.get(this.slot)
    if (known === undefined) return false
    // Nothing can be told to a process that is not there, or takes no signals now.
    if (this.verb === 'exit') return known.state === 'running'
    // One that is created takes no signal but SIGKILL; one that is paused takes it when it is resumed.
    return this.verb !== 'term' || !['created', 'paused'].includes(known.state)
  }

  async run(model: Model, real: Real): Promise<void> {
    const [known, container] = [model.get(this.slot), real.containers.get(this.slot)]
    if (known === undefined || container === undefined) throw new Error('check() lets none of these through')
    const next = NEXT[known.state][this.verb]
    if (next === undefined) await this.#refused(real, container)
    else await this.#taken(real, container, known, next)
    assertKnown(model, real, this.slot)
  }

  async #taken({ bench }: Real, container: Container, known: Known, next: Resting): Promise<void> {
    const wasAlive = known.state !== 'exited'
    await ask(bench, container, this.verb, this.code)
    await until(bench.engine, () => rests(container))
    known.state = next
    if (!wasAlive && ['created', 'running'].includes(next)) known.generation += 1
    if (next === 'running' && this.verb === 'start') await bench.ready(container)
    if (wasAlive && ['exited', 'removed'].includes(next)) this.#assertExit(bench, container, known)
  }

  #assertExit({ engine }: Bench, { id }: Container, { generation }: Known): void {
    const { code, cause } = engine.exitRecord(id, generation)
    const wanted = ENDS[this.verb]
    claim(
      wanted?.codes.includes(code) === true && cause === wanted.cause,
      `${this.verb} ends a run with ${code}, ${cause}`,
    )
    if (this.verb === 'exit')
      claim(code === this.code, `a process that ends with ${this.code} has ${code} on record`)
  }

  async #refused({ bench }: Real, container: Container): Promise<void> {
    const [before, { seq }] = [JSON.stringify(container.inspect()), bench.engine.snapshot()]
    const error = await ask(bench, container, this.verb, this.code).then(
      () => undefined,
      (reason) => reason,
    )
    claim(
      error instanceof IllegalTransitionError,
      `${this.verb} of one that is ${container.state} is refused, not ${error}`,
    )
    claim(JSON.stringify(container.inspect()) === before, 'what is refused changes nothing')
    claim(bench.engine.snapshot().seq === seq, 'what is refused is no event')
  }

  toString(): string {
    return `${this.verb} ${this.slot}${this.verb === 'exit' ? ` ${this.code}` : ''}`
  }
}

/** A process that is killed from outside, while other commands are under way. */
class Die {
  readonly slot: Slot

  constructor(slot: Slot) {
    this.slot = slot
  }

  toString(): string {
    return `die ${this.slot}`
  }
}

/** What is done, and how many moments after the others have begun. */
type Timed = readonly [what: Ask | Die, moment: number]

/** Several are asked for within a few moments. Which comes first is open; that the story is whole is not. */
class Together implements fc.AsyncCommand<Model, Real> {
  readonly asked: readonly Timed[]

  constructor(asked: readonly Timed[]) {
    this.asked = asked
  }

  check(model: Readonly<Model>): boolean {
    return this.asked.every(([{ slot }]) => model.has(slot))
  }

  async run(model: Model, real: Real): Promise<void> {
    const { bench, since, all } = real
    const killed = new Map<Slot, number>()
    const outcomes = await Promise.allSettled(
      this.asked.map(async ([what, moment]) => {
        await bench.pass(moment)
        const container = real.containers.get(what.slot) as Container
        if (what instanceof Ask) return ask(bench, container, what.verb, what.code)
        const { pid } = container.inspect()
        if (pid === null) return undefined
        killed.set(what.slot, pid)
        bench.die(container)
      }),
    )
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assertRefusal(outcome.reason)
    }
    for (const [slot, container] of real.containers) {
      await until(bench.engine, () => rests(container))
      const pid = killed.get(slot)
      if (pid !== undefined) await isOver(bench, container, pid)
      const { state, generation } = container
      claim(generation >= (model.get(slot)?.generation ?? 0), 'a run never goes back')
      if (state === 'running') await bench.ready(container)
      model.set(slot, { state: state as Resting, generation })
    }
    assertHistory(bench.engine, since, all)
  }

  toString(): string {
    return `together(${this.asked.map(([what, moment]) => `${what} at ${moment}`).join(', ')})`
  }
}

/** A process that has been killed ends, if need be when it is thawed, and none of that run is left. */
async function isOver({ engine }: Bench, container: Container, pid: number): Promise<void> {
  const lives = (): boolean => container.inspect().pid === pid
  if (lives() && container.state === 'paused') await container.resume()
  await until(engine, () => !lives() && rests(container))
}

/** What may be said to one of several who asked at once. */
const OVERTAKEN = ['EILLEGALTRANSITION', 'EOVERTAKEN', 'EREMOVED', 'ERUNTIME']

function assertRefusal(reason: unknown): void {
  claim(
    reason instanceof RunchartError && OVERTAKEN.includes(reason.code),
    `a refusal says why, and not ${reason}`,
  )
}

function assertKnown(model: Model, { containers }: Real, slot: Slot): void {
  const [known, container] = [model.get(slot), containers.get(slot)]
  const [expected, found] = [
    `${known?.state} in run ${known?.generation}`,
    `${container?.state} in run ${container?.generation}`,
  ]
  claim(found === expected, `a container is ${expected}; it is ${found}`)
}

const slot = fc.constantFrom<Slot>('a', 'b')
const code = fc.constantFrom<ExitCode>(3, 4)
const asked = (verbs: readonly Verb[]) =>
  fc.tuple(slot, fc.constantFrom(...verbs), code).map((of) => new Ask(...of))

/** A process that stands still would keep what it was told until another command. */
const atOnce = VERBS.filter((verb) => verb !== 'term' && verb !== 'exit')

const timed = [
  { weight: 3, arbitrary: asked(atOnce) },
  { weight: 1, arbitrary: slot.map((of) => new Die(of)) },
]
const moment = fc.nat({ max: 12 })

/** Sequences of commands, some of them asked at once. */
export const commands = (maxCommands: number) =>
  fc.commands(
    [
      slot.map((of) => new Make(of)),
      asked(VERBS),
      asked(VERBS),
      asked(VERBS),
      fc
        .array(fc.tuple(fc.oneof(...timed), moment), { minLength: 2, maxLength: 4 })
        .map((of) => new Together(of)),
    ],
    { maxCommands, size: 'max' },
  )
