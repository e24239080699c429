import { cp, mkdir, symlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TemporaryDirectory, temporaryDirectory } from '../fixtures/temporary.ts'
import { packageJson, projectFiles } from '../project/tree.ts'

const MINUTES = 60_000

let directory: TemporaryDirectory
/** A copy of the project without what is made, as a fresh clone has it. */
let checkout: string

beforeAll(async () => {
  directory = await temporaryDirectory()
  checkout = join(directory.path, 'checkout')
  for (const path of await projectFiles()) {
    await mkdir(join(checkout, dirname(path)), { recursive: true })
    await cp(path, join(checkout, path))
  }
})

afterAll(async () => {
  await directory[Symbol.asyncDispose]()
})

async function run(cwd: string, file: string, ...args: string[]) {
  const env = { ...process.env, PATH: machinePath() }
  return await execa(file, args, { cwd, env, extendEnv: false, all: true, stdin: 'ignore' })
}

/** What a person's shell has: npm puts this project's own programs in front, and the copy has its own. */
function machinePath(): string {
  const own = resolve('node_modules/.bin')
  return (process.env.PATH ?? '')
    .split(':')
    .filter((entry) => entry !== own)
    .join(':')
}

describe('a fresh checkout', () => {
  it(
    'installs its Node packages, and with them a Node that is new enough',
    async () => {
      const { all } = await run(checkout, 'sh', 'src/setup/install.sh', 'start')
      expect(all).toBe('Installing the Node packages (npm ci) …')
      const { stdout } = await run(checkout, 'node_modules/.bin/node', '--version')
      expect(stdout).toMatch(/^v24\./)
    },
    10 * MINUTES,
  )

  it('has nothing left to install then, and says nothing', async () => {
    expect((await run(checkout, 'sh', 'src/setup/install.sh', 'start')).all).toBe('')
  })

  it('runs an npm script on that Node, whatever the machine has', async () => {
    const { stdout } = await run(checkout, 'npm', 'exec', '--offline', '--', 'node', '--version')
    expect(stdout).toMatch(/^v24\./)
  })
})

describe('the package that is published', () => {
  it(
    'holds the compiled sources, its types and the licence, and no test',
    async () => {
      const { stdout } = await run(
        checkout,
        'npm',
        'pack',
        '--json',
        '--loglevel=error',
        `--pack-destination=${directory.path}`,
      )
      const packed = firstPacked(JSON.parse(stdout.slice(stdout.search(/^[[{]/m))))
      await run(directory.path, 'tar', '-xzf', packed.filename)
      const paths = packed.files.map(({ path }) => path)
      expect(paths).toEqual(
        expect.arrayContaining(['LICENSE', 'README.md', 'package.json', ...(await entryPoints())]),
      )
      expect(
        paths.filter(
          (path) =>
            !/^(dist\/(src|machines|effects|cli|page)\/|docs\/charts\/svg\/|docs\/openapi\.json$|LICENSE$|README\.md$|CHANGELOG\.md$|package\.json$)/.test(
              path,
            ),
        ),
      ).toEqual([])
    },
    5 * MINUTES,
  )

  it('can be imported by its names', async () => {
    await symlink(join(checkout, 'node_modules'), join(directory.path, 'package/node_modules'))
    const consumer = join(directory.path, 'consumer')
    await mkdir(join(consumer, 'node_modules'), { recursive: true })
    await symlink('../../package', join(consumer, 'node_modules/runchart'))
    const names = ['runchart', 'runchart/machines', 'runchart/effects']
    const script = `for (const name of ${JSON.stringify(names)}) {
      if (Object.keys(await import(name)).length === 0) throw new Error(name)
    }
    console.log(typeof (await import('runchart')).openEngine)`
    const node = join(checkout, 'node_modules/.bin/node')
    expect((await run(consumer, node, '--input-type=module', '-e', script)).stdout).toBe('function')
  })

  it('has a command that runs', async () => {
    const node = join(checkout, 'node_modules/.bin/node')
    const { bin } = await packageJson()
    const { stdout } = await run(directory.path, node, join('package', bin.runchart ?? ''), 'version')
    expect(stdout).toContain('0.1.0')
  })
})

interface Packed {
  filename: string
  files: { path: string }[]
}

/** npm 11 prints a list, npm 12 an object with the packages' names as keys. */
function firstPacked(printed: Packed[] | Record<string, Packed>): Packed {
  const [packed] = Object.values(printed)
  if (packed === undefined) throw new Error('npm packed nothing')
  return packed
}

async function entryPoints(): Promise<string[]> {
  const { exports } = await packageJson()
  const paths = Object.values(exports).flatMap((entry) =>
    typeof entry === 'string' ? [entry] : Object.values(entry),
  )
  return paths.map((path) => path.replace('./', ''))
}
