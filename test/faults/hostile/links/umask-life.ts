/**
 * A program: under the umask that is its first argument, an octal number, the life of a container with all that an
 * engine and conmon make. Its second argument is a place's directory, its third a root file system. Prints a line of
 * JSON with the modes of all files while the container runs, and another when it has exited.
 */
import { lstatSync, readdirSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { serveOwner } from '../../../../src/api/serve.ts'
import { openEngine } from '../../../../src/index.ts'
import { TEST_RUNTIME } from '../../../fixtures/programs.ts'

const [umask = '', place = '', rootfs = ''] = process.argv.slice(2)
process.umask(Number.parseInt(umask, 8))

const kindOf = (stat: Stats): string =>
  stat.isDirectory() ? 'd' : stat.isSymbolicLink() ? 'l' : stat.isFIFO() ? 'p' : stat.isSocket() ? 's' : 'f'

function modes(path: string, name: string): [string, string][] {
  const stat = lstatSync(join(path, name))
  const mode = `${kindOf(stat)}${(stat.mode & 0o7777).toString(8)}`
  const inside = stat.isDirectory() ? readdirSync(join(path, name)) : []
  return [[name, mode], ...inside.flatMap((entry) => modes(path, join(name, entry)))]
}

const tell = (more: object): void => {
  const all = Object.fromEntries([...modes(place, 'root'), ...modes(place, 'run')])
  process.stdout.write(`${JSON.stringify({ modes: all, ...more })}\n`)
}

const engine = await openEngine({
  root: join(place, 'root'),
  runRoot: join(place, 'run'),
  runtime: TEST_RUNTIME,
})
const server = await serveOwner(engine, { logger: pino({ level: 'silent' }) })
const command = ['sh', '-c', 'while [ ! -e /tmp/go ]; do sleep 0.02; done; exit 3']
const container = await engine.create({ rootfs, command, terminal: true, stopTimeout: 1 })
await container.start()
const attachment = await container.attach()
await container.execSession(['sleep', '1000'], { detach: true })
await container.execSession(['sleep', '1000'], { tty: true, stdin: true })
const attached = await container.execSession(['sleep', '1000'])
await container.exec(['true'])
tell({ id: container.id })
await container.execStop({ session: attached.id, timeout: 0 })
await container.exec(['touch', '/tmp/go'])
const { code } = await container.wait()
attachment.detach()
while (container.state !== 'exited') await new Promise((resolve) => setTimeout(resolve, 10))
tell({ code })
await container.remove({ force: true })
await server.close()
await engine.close()
