/**
 * Loaded into an engine's process before anything else (`node --import`): stands before and after every call of
 * Node with which the engine can change the world and before and after every spawn, writes each down, and kills the
 * process where it is told to. The engine has no part in it: there is no crash point that it could leave out.
 *
 * `RUNCHART_CRASH` is a {@link CrashOrder} as JSON.
 */
import fs from 'node:fs'
import promises from 'node:fs/promises'
import { registerHooks, syncBuiltinESMExports } from 'node:module'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { CONTAINER_STATES } from '../../../../src/types.ts'
import { type CrashPoint, type Step, timeless } from './steps.ts'

/** What is to happen to the process. */
export interface CrashOrder {
  /** Directories with the names that they have in crash points. */
  places: [path: string, name: string][]
  /** Where to write the steps down, one line of JSON each. */
  record?: string
  /** Dies there. */
  at?: CrashPoint
  /** Dies at its n-th step, whichever that is; counted from 1. */
  atStep?: number
  /** Writes a byte to descriptor 3 at its n-th step, and goes on: whoever reads it does the killing. */
  tellAtStep?: number
}

const order = JSON.parse(process.env.RUNCHART_CRASH ?? '{"places":[]}') as CrashOrder
const { writeSync, openSync, fsyncSync } = fs
const kill = process.kill.bind(process)
const STATES: ReadonlySet<string> = new Set(CONTAINER_STATES)
const record = order.record === undefined ? undefined : openSync(order.record, 'a', 0o600)
const counts = new Map<string, number>()
let steps = 0
/** Some of Node's functions call others of them. */
let isWithin = false

/** The process has come to a crash point. */
export function come(when: Step['when'], doing: string): void {
  const step = { when, doing: timeless(doing, order.places) }
  if (record !== undefined) writeSync(record, `${JSON.stringify(step)}\n`)
  const key = `${when} ${step.doing}`
  const occurrence = (counts.get(key) ?? 0) + 1
  counts.set(key, occurrence)
  steps += 1
  if (steps === order.tellAtStep) writeSync(3, '.')
  if (steps === order.atStep || isOrdered({ ...step, occurrence })) die()
}

function isOrdered({ when, doing, occurrence }: CrashPoint): boolean {
  const { at } = order
  return at?.when === when && at.doing === doing && at.occurrence === occurrence
}

function die(): never {
  if (record !== undefined) fsyncSync(record)
  kill(process.pid, 'SIGKILL')
  // The kernel ends the process on its way back from that call.
  for (;;);
}

type Call = (...args: never[]) => unknown

/** Puts a function in the place of one of an object's. */
export function replace(object: object, name: string, around: (original: Call) => Call): void {
  const table = object as Record<string, Call>
  const original = table[name]
  if (original === undefined) throw new Error(`Node has no ${name}`)
  table[name] = around(original)
}

/** A call that is a crash point before and after, where it has a name. */
export function stepping(name: (...args: never[]) => string | undefined): (original: Call) => Call {
  return (original) =>
    function (this: unknown, ...args: never[]) {
      const doing = isWithin ? undefined : name(...args)
      if (doing === undefined) return original.apply(this, args)
      come('before', doing)
      isWithin = true
      let result: unknown
      try {
        result = original.apply(this, args)
      } finally {
        isWithin = false
      }
      if (!(result instanceof Promise)) {
        come('after', doing)
        return result
      }
      return result.then((value) => {
        come('after', doing)
        return value
      })
    }
}

const CHANGING = ['mkdir', 'rm', 'rmdir', 'unlink', 'writeFile', 'rename', 'chmod', 'symlink', 'truncate']
for (const name of CHANGING) {
  const doing = (path: unknown) => `${name} ${String(path)}`
  replace(promises, name, stepping(doing))
  replace(fs, `${name}Sync`, stepping(doing))
}

const { O_CREAT } = fs.constants
const creates = (flags: unknown): boolean =>
  typeof flags === 'number' ? (flags & O_CREAT) !== 0 : /[aw]/.test(String(flags ?? 'r'))
replace(
  fs,
  'openSync',
  stepping((path: unknown, flags: unknown) => (creates(flags) ? `open ${String(path)}` : undefined)),
)

/** What the transaction that is open says of containers: a commit is known by that. */
let said: string[] = []
replace(StatementSync.prototype, 'run', (original) => {
  return function (this: unknown, ...args: never[]) {
    const state = args.find((value) => STATES.has(String(value)))
    if (state !== undefined) said.push(state)
    return original.apply(this, args)
  }
})
replace(
  DatabaseSync.prototype,
  'exec',
  stepping((sql: string) => {
    if (/BEGIN IMMEDIATE/.test(sql)) said = []
    return /COMMIT/.test(sql) ? `commit ${said.join(', ')}` : undefined
  }),
)
replace(
  DatabaseSync.prototype,
  'close',
  stepping(() => 'close a database'),
)

replace(
  process,
  'kill',
  stepping((_pid: number, signal: unknown) => (signal === 0 ? undefined : `signal ${String(signal)}`)),
)

const at = (path: string): string => new URL(path, import.meta.url).href
const [CHILD, STEPPING_CHILD] = [at('../../../../effects/program/child.ts'), at('./child.ts')]
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    const isOurs = found.url === CHILD && context.parentURL !== STEPPING_CHILD
    return isOurs ? { ...found, url: STEPPING_CHILD } : found
  },
})

syncBuiltinESMExports()
