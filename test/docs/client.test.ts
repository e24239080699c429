import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { serveOwner } from '../../src/api/serve.ts'
import { testPlace } from '../fixtures/engine.ts'

const repository = join(import.meta.dirname, '../..')

test('the program of the page runs as it stands there', async () => {
  await using place = await testPlace()
  const engine = await place.open()
  const server = await serveOwner(engine, { logger: pino({ level: 'silent' }) })
  try {
    const page = readFileSync(join(repository, 'docs/client.md'), 'utf8')
    const [, program = ''] = /^```ts\n(.*?)^```/ms.exec(page) ?? []
    const known = `const [runRoot, rootfs] = ${JSON.stringify([place.runRoot, place.rootfs])}\n`
    const file = join(place.path, 'program.ts')
    writeFileSync(
      file,
      known + program.replace("'runchart/client'", JSON.stringify(join(repository, 'src/client/index.ts'))),
    )
    const { stdout } = await promisify(execFile)(process.execPath, [file])
    expect(stdout).toContain('exit code 3\n')
    expect(stdout).toContain('1 state\n')
    expect(engine.snapshot().containers).toEqual([])
  } finally {
    await server.close()
  }
})
