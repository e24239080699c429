/** The package as its users get it: packed, and installed into an empty project. */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { temporaryDirectory } from '../fixtures/temporary.ts'

const run = promisify(execFile)
const repository = join(import.meta.dirname, '../..')
const PACKED = ['src', 'machines', 'effects', 'docs', 'tsconfig.json', 'CHANGELOG.md', 'LICENSE', 'README.md']

/** A project with the package in it. */
export interface InstalledPackage extends AsyncDisposable {
  readonly path: string
  /** What `npm pack` has made. */
  readonly tarball: string
}

/** Builds and packs a copy of the sources, so that nobody who reads `dist` meets a half of it. */
async function pack(path: string): Promise<string> {
  const sources = join(path, 'sources')
  mkdirSync(sources)
  for (const name of [...PACKED, 'package.json']) {
    cpSync(join(repository, name), join(sources, name), { recursive: true })
  }
  symlinkSync(join(repository, 'node_modules'), join(sources, 'node_modules'))
  await run('npm', ['pack', '--pack-destination', path], { cwd: sources })
  const name = readdirSync(path).find((file) => file.endsWith('.tgz')) ?? ''
  return join(path, name)
}

/** Packs, and installs with the types of Node beside it. No install script is run. */
export async function installedPackage(): Promise<InstalledPackage> {
  const directory = await temporaryDirectory()
  const tarball = await pack(directory.path)
  const path = join(directory.path, 'project')
  mkdirSync(path)
  writeFileSync(join(path, 'package.json'), '{ "private": true, "type": "module" }')
  const { devDependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))
  await install(path, tarball, `@types/node@${devDependencies['@types/node']}`)
  return { path, tarball, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() }
}

/** Installs a release of Node into a project, and gives the path of its program. */
export async function installNode(path: string, major: number): Promise<string> {
  await install(path, `node${major}@npm:node-linux-${process.arch}@${major}`)
  return join(path, `node_modules/node${major}/bin/node`)
}

async function install(path: string, ...names: string[]): Promise<void> {
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...names], { cwd: path })
}
