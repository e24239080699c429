import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../fixtures/temporary.ts'

const run = promisify(execFile)
const repository = join(import.meta.dirname, '../..')
const readme = readFileSync(join(repository, 'README.md'), 'utf8')

/** The blocks of one language under a heading, in order. */
function blocks(heading: string, language: string): string[] {
  const section = readme.split(/^## /m).find((text) => text.startsWith(heading)) ?? ''
  return [...section.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(
    ([, code]) => code ?? '',
  )
}

/** A project that has the built package, and what it depends on, installed. */
async function projectWithPackage(path: string): Promise<void> {
  const modules = join(path, 'node_modules')
  mkdirSync(join(modules, 'runchart'), { recursive: true })
  for (const name of readdirSync(join(repository, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(repository, 'node_modules', name), join(modules, name))
  }
  await copyFile(join(repository, 'package.json'), join(modules, 'runchart/package.json'))
  const dist = join(modules, 'runchart/dist')
  await run(join(repository, 'node_modules/.bin/tsc'), ['-p', 'src/setup', '--outDir', dist], {
    cwd: repository,
  })
  writeFileSync(join(path, 'package.json'), '{ "type": "module" }')
}

test('the first program of the README runs as it stands there', async () => {
  await using directory = await temporaryDirectory()
  await projectWithPackage(directory.path)
  const [makeRootfs = ''] = blocks('A first program', 'sh')
  const [program = ''] = blocks('A first program', 'js')
  expect(program.trim().split('\n').length).toBeLessThanOrEqual(15)
  writeFileSync(join(directory.path, 'first.js'), program)

  await run('sh', ['-c', makeRootfs], { cwd: directory.path })
  const { stdout } = await run(process.execPath, ['first.js'], { cwd: directory.path })

  const lines = stdout.trim().split('\n')
  expect(lines[0]).toBe('1 state null → configured')
  expect(lines).toContain('stdout: hello')
  expect(lines).toContain('3 exited')
  expect(lines.at(-1)).toMatch(/^\d+ state removing → removed$/)
})

test('every file that the README names is there', () => {
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path]) => path ?? '')
  expect(links.length).toBeGreaterThan(3)
  for (const link of links) expect(() => readFileSync(join(repository, link))).not.toThrow()
})

test('the example that `npm start` runs tells a whole life', async () => {
  const { stdout } = await run(process.execPath, ['docs/examples/life.ts'], { cwd: repository })
  const told = [...stdout.matchAll(/→ (\w+)/g)].map(([, state]) => state)
  const life = 'configured creating created starting running pausing paused resuming running'
  expect(told.join(' ')).toBe(`${life} stopped cleaning exited removing removed`)
  expect(stdout).toContain('stdout: hello from the container')
  expect(stdout).toContain('code: 7')
})
