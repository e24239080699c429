/**
 * An engine in a process of its own, whose limits are its own too: `engine-process.ts PLACE COUNT`. It makes containers
 * that exit with 1, 2 and so on at SIGTERM, once it is told to over standard input, a line of JSON for each order, and
 * answers with lines of JSON on standard output, events among them.
 */
import { closeSync, openSync, readdirSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Finding } from '../../../src/cli/doctor/finding.ts'
import { checkWatch } from '../../../src/cli/doctor/inotify.ts'
import { type Container, openEngine } from '../../../src/index.ts'
import { TEST_RUNTIME } from '../../fixtures/programs.ts'

/** What it is told to do. */
export type Order =
  | { do: 'open'; containers: number }
  /** Sets a limit of its user namespace. */
  | { do: 'limit'; name: string; value: number }
  /** Takes every descriptor that there is, or gives them back. */
  | { do: 'take' | 'give' }
  /** Says whether it can have a watch, list that directory, or open a file, and what `doctor` would say. */
  | { do: 'probe'; directory: string }

/** What it says besides events. */
export interface Answer {
  containers?: { id: string; pid: number }[]
  probed?: { watch: string; list: string; open: string; doctor: Finding }
  error?: string
}

const [path = ''] = process.argv.slice(2)
const taken: number[] = []
const say = (answer: object): void => console.log(JSON.stringify(answer))
let engine: Awaited<ReturnType<typeof openEngine>> | undefined

async function open(count: number): Promise<void> {
  engine = await openEngine({ root: join(path, 'root'), runRoot: join(path, 'run'), runtime: TEST_RUNTIME })
  for (const event of engine.events.past(0)) say({ event })
  engine.events.subscribe((event) => say({ event }))
  const containers: Container[] = []
  for (let code = 1; code <= count; code += 1) {
    const script = `trap "exit ${code}" TERM; while :; do sleep 0.05; done`
    const container = await engine.create({
      rootfs: join(path, 'rootfs/rootfs'),
      command: ['sh', '-c', script],
    })
    await container.start()
    containers.push(container)
  }
  say({ containers: containers.map((container) => ({ id: container.id, pid: container.inspect().pid })) })
}

function take(): void {
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'))
  } catch {
    say({})
  }
}

/** `ok`, or the code of what was thrown. */
function outcome(work: () => { close?: () => void } | unknown): string {
  try {
    const result = work()
    if (typeof result === 'number') closeSync(result)
    return 'ok'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}

function probe(directory: string): void {
  say({
    probed: {
      watch: outcome(() => watch('/proc/self').close()),
      list: outcome(() => readdirSync(directory)),
      open: outcome(() => openSync('/dev/null', 'r')),
      doctor: checkWatch(),
    },
  })
}

async function obey(order: Order): Promise<void> {
  switch (order.do) {
    case 'open':
      return open(order.containers)
    case 'limit':
      writeFileSync(`/proc/sys/user/${order.name}`, String(order.value))
      return say({})
    case 'take':
      return take()
    case 'give':
      for (const fd of taken.splice(0)) closeSync(fd)
      return say({})
    case 'probe':
      return probe(order.directory)
  }
}

for await (const line of createInterface(process.stdin)) {
  await obey(JSON.parse(line)).catch((error: Error) => say({ error: error.stack }))
}
await engine?.close()
