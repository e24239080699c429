/**
 * A program that uses an engine and closes it in the middle of everything, and then comes to its own end: whatever
 * keeps it alive after that is the engine's fault. Takes a test's place and a runtime; says as lines of JSON how far it
 * is, and goes on with each line that it is told.
 */
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Container, openEngine } from '../../../src/index.ts'

const [path = '', runtime = ''] = process.argv.slice(2)
const STUBBORN = 'trap "echo no" TERM; echo ready; while :; do sleep 0.05; done'
const told = createInterface(process.stdin)[Symbol.asyncIterator]()
const engine = await openEngine({ root: join(path, 'root'), runRoot: join(path, 'run'), runtime })
const outcomes: Record<string, string> = {}

const web = await running('web')
const slow = await running('slow')
await follow(web)
watch('attached', (await web.execSession(['sleep', '1000'])).exited)
watch('terminal', (await web.execSession(['sleep', '1000'], { tty: true, stdin: true })).exited)
watch('detached', (await web.execSession(['sleep', '1000'], { detach: true })).exited)
watch('stop', slow.stop({ timeout: 600 }))
watch('wait', web.wait())
await saying('ready')
watch('create', create('held'))
await saying('creating')
process.stdin.destroy()
await engine.close({ timeout: 0.2 })
console.log(JSON.stringify({ outcomes, states: { web: web.state, slow: slow.state } }))

function create(name: string): Promise<Container> {
  return engine.create({ name, rootfs: join(path, 'rootfs/rootfs'), command: ['sh', '-c', STUBBORN] })
}

async function running(name: string): Promise<Container> {
  const container = await create(name)
  await container.start()
  for await (const _ of container.logs({ follow: true })) break
  return container
}

/** Followers that are left without a word: nobody reads on, and nobody says so. */
async function follow(container: Container): Promise<void> {
  await container.logs({ follow: true })[Symbol.asyncIterator]().next()
  await engine.events.since(0)[Symbol.asyncIterator]().next()
  void engine.events[Symbol.asyncIterator]().next()
  engine.events.subscribe()
  engine.events.since(0).subscribe()
  await container.attach()
}

function watch(name: string, work: Promise<unknown>): void {
  outcomes[name] = 'pending'
  work.then(
    () => {
      outcomes[name] = 'done'
    },
    (error: { code?: string }) => {
      outcomes[name] = String(error.code ?? error)
    },
  )
}

async function saying(how: string): Promise<void> {
  console.log(JSON.stringify(how))
  await told.next()
}
