/**
 * An owner in a process of its own, for tests that kill it: runs a container in the place in its first argument, and in
 * that the command in the others, on a terminal where EXEC_TTY says `yes`, and says their ids as a line of JSON.
 */
import { join } from 'node:path'
import { openEngine } from '../../src/index.ts'
import { TEST_RUNTIME } from '../fixtures/programs.ts'

const [path = '', ...long] = process.argv.slice(2)
const engine = await openEngine({
  root: join(path, 'root'),
  runRoot: join(path, 'run'),
  runtime: TEST_RUNTIME,
})
const command = ['sh', '-c', 'while :; do sleep 0.05; done']
const container = await engine.create({ rootfs: join(path, 'rootfs/rootfs'), command })
await container.start()
const session = await container.execSession(long, { tty: process.env.EXEC_TTY === 'yes' })
console.log(JSON.stringify({ id: container.id, session: session.id }))
