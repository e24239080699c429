import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { type TestPlace, testPlace } from '../fixtures/engine.ts'
import { freePort } from '../fixtures/ports.ts'

const repository = join(import.meta.dirname, '../..')
const page = readFileSync(join(repository, 'docs/observing.md'), 'utf8')

test('the recipe for Stately’s inspector shows it each actor of a run, its events and its states', async () => {
  await using place = await testPlace()
  const port = await freePort()
  const program = inspectedProgram(place, port)
  const running = execa(process.execPath, [program], { reject: false })
  onTestFinished(() => void running.kill())
  const told: StatelyInspectionEvent[] = []
  const isListening = () =>
    fetch(`http://localhost:${port}`).then(
      ({ ok }) => ok,
      () => false,
    )
  await expect.poll(isListening).toBe(true)
  const receiver = createWebSocketReceiver({ server: `ws://localhost:${port}` })
  receiver.subscribe((event) => void told.push(event))
  running.stdin.write('go on\n')

  const states = () =>
    told.flatMap((event) => (event.type === '@xstate.snapshot' ? [stateIn(event.snapshot)] : []))
  await expect
    .poll(states)
    .toEqual(expect.arrayContaining(['creating', 'created', 'starting', 'running', 'exited']))
  const definitions = told.flatMap((event) => (event.type === '@xstate.actor' ? [event.definition] : []))
  expect(definitions.map((text) => JSON.parse(text ?? '{}').id)).toContain('container')
  const events = told.flatMap((event) => (event.type === '@xstate.event' ? [event.event.type] : []))
  expect(events).toEqual(expect.arrayContaining(['create', 'start', 'exit.observed']))
  running.stdin.end()
  expect((await running).exitCode).toBe(0)
})

/** The recipe of the page, on another port and without a browser. It waits for a word before it opens its engine. */
function inspectedProgram(place: TestPlace, port: number): string {
  const [recipe = ''] = [...page.matchAll(/^```ts\n(.*?)^```/gms)]
    .map(([, code = '']) => code)
    .filter((code) => code.includes('createInspectorServer'))
  const code = recipe
    .replace('port: 8080', `port: ${port}, autoOpen: false`)
    .replace('localhost:8080', `localhost:${port}`)
    .replace("'runchart'", JSON.stringify(join(repository, 'src/index.ts')))
    .replace('const engine', "await once(process.stdin, 'data')\nconst engine")
  const { root, runRoot, rootfs } = place
  const before = `import { once } from 'node:events'\nconst [root, runRoot, rootfs] = ${JSON.stringify([root, runRoot, rootfs])}\n`
  const after =
    "process.stdin.resume()\nawait once(process.stdin, 'end')\nawait engine.close()\nprocess.exit()\n"
  symlinkSync(join(repository, 'node_modules'), join(place.path, 'node_modules'))
  const path = join(place.path, 'program.ts')
  writeFileSync(path, before + code + after)
  return path
}

const stateIn = (snapshot: unknown): unknown => (snapshot as { value?: unknown }).value
