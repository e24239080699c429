/**
 * An engine in a process of its own, for faults that would be this process's as well. Options of `openEngine` are its
 * argument, as JSON; it answers to messages `{ call, method, args }`.
 */
import { closeSync, openSync, readdirSync } from 'node:fs'
import { type Container, type EngineOptions, openEngine } from '../../../src/index.ts'

const engine = await openEngine(JSON.parse(process.argv[2] ?? '{}') as EngineOptions)
const held: number[] = []

type Args = readonly [string, ...unknown[]]
const on = (id: string): Container => engine.get(id)

const METHODS: Record<string, (...args: Args) => unknown> = {
  create: async (_, options) => (await engine.create(options as object)).id,
  start: (id) => on(id).start(),
  pause: (id) => on(id).pause(),
  refresh: (id) => on(id).refresh(),
  stop: (id, options) => on(id).stop(options as object),
  kill: (id, signal) => on(id).kill(signal as string),
  wait: (id) => on(id).wait(),
  exec: (id, command, options) => on(id).exec(command as string[], options as object),
  detach: async (id, command) => {
    const session = await on(id).execSession(command as string[], { detach: true })
    session.exited.catch(() => {})
    return { session: session.id, pid: session.pid }
  },
  remove: (id) => on(id).remove({ force: true }),
  inspect: (id) => on(id).inspect(),
  snapshot: () => engine.snapshot(),
  events: (_, seq) => [...engine.events.past(seq as number)],
  exitRecord: (_, id) => engine.exitRecord(id as string),
  close: (_, options) => engine.close(options as object),
  /** How many descriptors are open. */
  descriptors: () => readdirSync('/proc/self/fd').length - 1,
  /** Opens descriptors until so many are left, or closes what it has opened. */
  leave: (_, count) => {
    for (const fd of held.splice(0)) closeSync(fd)
    if (typeof count !== 'number') return
    try {
      for (;;) held.push(openSync('/dev/null', 'r'))
    } catch {}
    for (const fd of held.splice(held.length - count)) closeSync(fd)
  },
  /** Bytes; libuv tells them in KiB. */
  peakMemory: () => process.resourceUsage().maxRSS * 1024,
}

process.on('message', async ({ call, method, args }: { call: number; method: string; args: Args }) => {
  try {
    process.send?.({ call, value: await METHODS[method]?.(...args) })
  } catch (error) {
    const { name, code, message, hint, failure } = error as Error & Record<string, unknown>
    process.send?.({ call, error: { name, code, message, hint, failure } })
  }
})
process.on('disconnect', () => process.exit())
process.send?.({ ready: true })
