/**
 * An engine that is to be killed: opens a place, carries out a plan, and puts down what it asks for and what it is
 * told of. Its argument is an {@link OwnerOrder} as JSON. Ends by itself when the plan is done, exit code 0.
 */
import fs from 'node:fs'
import { type Engine, type EngineEvent, openEngine, RunchartError } from '../../../../src/index.ts'
import { type Command, type Plan, shellOf } from './plan.ts'

/** What an owner is to do, and where. */
export interface OwnerOrder {
  root: string
  runRoot: string
  runtime: string
  rootfs: string
  /** File of all events told, by this engine and those before it. */
  told: string
  plan: Plan
}

/** Descriptor for all commands asked for, one line of JSON each, written before they are given. */
export const ASKED_FD = 4
/** Descriptor for all events told, one line of JSON each. */
export const TOLD_FD = 5

/** One line of the file of commands. */
export type Asked = Command & {
  /** Which sequence of which owner. */
  by: string
}

const { root, runRoot, runtime, rootfs, plan, told } = JSON.parse(process.argv[2] ?? '') as OwnerOrder
const { writeSync } = fs
const say = (fd: number, line: unknown): void => void writeSync(fd, `${JSON.stringify(line)}\n`)

let engine = await open()
await Promise.all(plan.map((sequence, index) => carryOut(sequence, `${process.pid}-${index}`)))
await engine.close()

async function open(): Promise<Engine> {
  const opened = await openEngine({ root, runRoot, runtime })
  opened.events.since(lastTold()).subscribe((event) => say(TOLD_FD, event))
  return opened
}

function lastTold(): number {
  const lines = fs.readFileSync(told, 'utf8').trimEnd().split('\n')
  const last = lines.at(-1)
  return last === undefined || last === '' ? 0 : (JSON.parse(last) as EngineEvent).seq
}

async function carryOut(sequence: readonly Command[], by: string): Promise<void> {
  for (const command of sequence) {
    say(ASKED_FD, { ...command, by } satisfies Asked)
    try {
      await give(command)
    } catch (error) {
      // The engine's own errors are part of life: another sequence may have removed the container.
      if (!(error instanceof RunchartError)) throw error
    }
  }
}

async function give(command: Command): Promise<unknown> {
  if (command.do === 'reopen') {
    await engine.close()
    engine = await open()
    return
  }
  const { name } = command
  if (command.do === 'create') {
    return engine.create({ name, rootfs, command: shellOf(command.script, command.code), stopTimeout: 1 })
  }
  const container = engine.get(name)
  switch (command.do) {
    case 'ready':
      // Its signal handler is set by then.
      for await (const _ of container.logs({ follow: true })) return
      return
    case 'exec':
      return container.exec(['true'])
    case 'detach':
      return container.execSession(['sleep', '1000'], { detach: true })
    case 'stop':
      return container.stop({ timeout: command.timeout })
    case 'kill':
      return container.kill(command.signal)
    case 'remove':
      return container.remove({ force: command.force })
    default:
      return container[command.do]()
  }
}
