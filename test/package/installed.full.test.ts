import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TEST_RUNTIME } from '../fixtures/programs.ts'
import { makeRootfs } from '../fixtures/rootfs.ts'
import { packageJson } from '../project/tree.ts'
import { type InstalledPackage, installedPackage, installNode } from './installed.ts'

const run = promisify(execFile)
const tool = (name: string): string => join(import.meta.dirname, '../../node_modules/.bin', name)
const MINUTES = 60_000
let installed: InstalledPackage

beforeAll(async () => {
  installed = await installedPackage()
}, 10 * MINUTES)
afterAll(() => installed?.[Symbol.asyncDispose]())

const IMPORTS = `import { openEngine, RunchartError } from 'runchart'
import { containerMachine } from 'runchart/machines'
import * as effects from 'runchart/effects'
import { openSimulatedEngine } from 'runchart/testing'
import * as client from 'runchart/client'
`

const PROGRAM = `${IMPORTS}
const [root, runRoot, rootfs, runtime] = process.argv.slice(2)
const engine = await openEngine({ root, runRoot, runtime })
const container = await engine.create({ rootfs, command: ['sh', '-c', 'exit 3'] })
await container.start()
const { code } = await container.wait()
await container.remove()
await engine.close()

const world = await openSimulatedEngine()
const simulated = await world.engine.create({ rootfs: '/any', command: ['sleep', '10'] })
const { state } = await simulated.start()
await world[Symbol.asyncDispose]()

const loaded = [containerMachine.id, Object.keys(effects).length > 0, Object.keys(client).length > 0]
const isError = new RunchartError('E', 'm') instanceof Error
console.log(JSON.stringify({ node: process.versions.node, code, state, loaded, isError }))
`

const TYPED = `${IMPORTS}import type { Container, ContainerInfo, Engine, EngineEvent, ExitRecord } from 'runchart'

export async function life(engine: Engine): Promise<ExitRecord> {
  const container: Container = await engine.create({ rootfs: 'rootfs', command: ['true'], labels: { tier: 'front' } })
  const running = await container.start()
  // @ts-expect-error it runs already
  await running.start()
  const info: ContainerInfo = container.inspect()
  // @ts-expect-error a number, or null
  const code: string = info.exitCode
  engine.events.subscribe((event: EngineEvent) => console.log(event.seq, code))
  return await container.wait({ timeout: 1 })
}

export const all = [openEngine, RunchartError, containerMachine.id, effects, openSimulatedEngine, client]
`

test.each([22, 24, 26])(
  'a program in JavaScript runs on Node %i',
  { timeout: 10 * MINUTES },
  async (major) => {
    const { path } = installed
    const node = await installNode(path, major)
    const rootfs = await makeRootfs(join(path, `rootfs-${major}`))
    writeFileSync(join(path, 'program.js'), PROGRAM)
    const places = [join(path, `root-${major}`), join(path, `run-${major}`), rootfs, TEST_RUNTIME]
    const { stdout, stderr } = await run(node, ['program.js', ...places], { cwd: path })
    expect(JSON.parse(stdout)).toEqual({
      node: expect.stringMatching(new RegExp(`^${major}\\.`)),
      code: 3,
      state: 'running',
      loaded: [expect.any(String), true, true],
      isError: true,
    })
    expect(stderr.split('\n').filter((line) => /deprecat/i.test(line))).toEqual([])

    const bin = join(path, 'node_modules/.bin/runchart')
    expect((await run(node, [bin, '--help'], { cwd: path })).stdout).toMatch(/^Usage: runchart /)
  },
)

// XState's own declarations do not pass with the second.
test.each([
  { how: 'with its libraries', more: [] },
  { how: 'as strictly as can be', more: ['--exactOptionalPropertyTypes', '--skipLibCheck'] },
])('a program in TypeScript has its types checked, in `nodenext`, $how', async ({ more }) => {
  const { path } = installed
  writeFileSync(join(path, 'typed.ts'), TYPED)
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', ...more]
  const library = ['--lib', 'es2024,esnext.disposable', '--types', 'node']
  const checking = run(tool('tsc'), [...flags, ...library, 'typed.ts'], { cwd: path })
  expect((await checking.catch((error) => error)).stdout).toBe('')
})

test('every entry of the package is one that these programs import', async () => {
  const { exports } = await packageJson()
  const imported = [...IMPORTS.matchAll(/from 'runchart(.*)'/g)].map(([, entry]) => `.${entry}`)
  expect([...imported, './package.json'].sort()).toEqual(Object.keys(exports).sort())
})

test('what is packed is what is offered, and no more', async () => {
  const { stdout } = await run('tar', ['-tzf', installed.tarball])
  const files = stdout.trim().split('\n')
  const strange = files.filter(
    (file) => !/^package\/(dist\/|docs\/charts\/svg\/|docs\/openapi\.json$|[^/]+$)/.test(file),
  )
  expect(strange).toEqual([])
  expect(files).toEqual(
    expect.arrayContaining(['package/LICENSE', 'package/README.md', 'package/CHANGELOG.md']),
  )
})

test('the sources that it was built by are not in it', async () => {
  const { stdout: list } = await run('tar', ['-tzf', installed.tarball])
  expect(list.split('\n').filter((file) => /\/bundle\/|\.tsx?$/.test(file.replace(/\.d\.ts$/, '')))).toEqual(
    [],
  )
})

test('publint finds nothing to say about the package', async () => {
  const told = await run(tool('publint'), ['run', installed.tarball, '--strict']).catch((error) => error)
  expect(told.stdout).toContain('All good!')
})

test('each entry resolves to types that are right, for whoever imports it as ESM', async () => {
  const flags = ['--profile', 'esm-only', '--no-emoji', '--no-color']
  // It fails where one does not.
  const { stdout } = await run(tool('attw'), [installed.tarball, ...flags])
  const entries = Object.keys((await packageJson()).exports)
  expect(stdout.match(/ OK \((ESM|JSON)\) +│ OK/g)).toHaveLength(entries.length)
})
