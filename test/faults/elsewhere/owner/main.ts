/**
 * An owner in a process of its own, for tests that kill it or starve it. Its argument is a JSON object: the place's
 * `path`, the `script` of a container that it runs, a `runtime`, and `limits` that it sets itself, by their names in
 * /proc/sys/user. It says what it sees as lines of JSON: `{ id, state }`, `{ warning }`, `{ done }`, `{ failed }`. It
 * does what its input says, a line each: `stop`, `exec`, `remove`, or a limit's name and a number.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pino } from 'pino'
import { openEngine, type RunchartError } from '../../../../src/index.ts'
import { TEST_RUNTIME } from '../../../fixtures/programs.ts'

const say = (line: object): void => console.log(JSON.stringify(line))
const limit = (name: string, value: number | string): void =>
  writeFileSync(`/proc/sys/user/${name}`, String(value))

const { path, script, runtime = TEST_RUNTIME, limits = {} } = JSON.parse(process.argv[2] ?? '')
for (const [name, value] of Object.entries(limits)) limit(name, Number(value))
const logger = pino({ level: 'warn' }, { write: (line: string) => say({ warning: line }) })
const engine = await openEngine({ root: join(path, 'root'), runRoot: join(path, 'run'), runtime, logger })
engine.events.subscribe((event) => {
  if (event.type === 'state') say({ id: event.containerId, state: event.to, exitCode: event.exitCode })
})

createInterface(process.stdin).on('line', (line) => {
  obey(line).then(
    () => say({ done: line }),
    ({ code, message, hint }: RunchartError) => say({ failed: line, code, message, hint }),
  )
})

async function obey(line: string): Promise<void> {
  const [verb = '', value] = line.split(' ')
  if (value !== undefined) return limit(verb, value)
  const [container] = engine.snapshot().containers.map(({ id }) => engine.get(id))
  if (verb === 'stop') await container?.stop()
  if (verb === 'exec') await container?.exec(['true'])
  if (verb === 'remove') await container?.remove({ force: true })
}

const command = ['sh', '-c', script]
const container = await engine.create({ rootfs: join(path, 'rootfs/rootfs'), command, stopTimeout: 600 })
await container.start()
