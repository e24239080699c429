import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'

/** Something of somebody else's, to which links are put in the engine's way. */
export interface Victim {
  readonly directory: string
  readonly file: string
  /** Fails where a byte, a mode, a time or a name is not what it was. */
  assertUntouched(): void
}

/** Two ids that no container has: what an engine could take for exit files, notes and bundles of its own. */
const STRANGERS = ['0'.repeat(32), 'f'.repeat(32)]

/** Makes a victim that has what an engine looks for: exit files, bundles, conmon's files. */
export function makeVictim(path: string, ids: readonly string[] = STRANGERS): Victim {
  const directory = join(path, 'victim')
  for (const id of ids) {
    for (const part of [`${id}/bundle`, `${id}/exec`, `runs/${id}`])
      mkdirSync(join(directory, part), { recursive: true })
    for (const name of [
      'ctr.log',
      'lifeline',
      'pidfile',
      'exit',
      'oom',
      'bundle/attach',
      'bundle/config.json',
    ]) {
      writeFileSync(join(directory, id, name), 'of somebody else')
    }
    writeFileSync(join(directory, `${id.slice(0, 31)}a`), '0')
  }
  mkdirSync(join(directory, 'bundle'))
  for (const name of [
    'attach',
    'ctl',
    'config.json',
    'exit',
    'pidfile',
    'owner.lock',
    'bundle/attach',
    'bundle/config.json',
  ]) {
    writeFileSync(join(directory, name), 'of somebody else', { mode: 0o644 })
  }
  const file = join(path, 'victim-file')
  writeFileSync(file, 'of somebody else', { mode: 0o644 })
  const before = picture([directory, file])
  return { directory, file, assertUntouched: () => expect(picture([directory, file])).toEqual(before) }
}

/** Puts a link to the victim in the place of whatever is at the path, and sees that it is there. */
export function plant(path: string, target: string): void {
  rmSync(path, { recursive: true, force: true })
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(target, path)
  expect(lstatSync(path).isSymbolicLink()).toBe(true)
}

/** Whether a link stands at the path. */
export const isLink = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true

/** Of each path and all below it: what it is, whose, when it was changed, and what is in it. */
function picture(paths: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    paths.flatMap((path) => {
      const { mode, uid, ino, size, mtimeMs, ctimeMs } = lstatSync(path)
      const isDirectory = lstatSync(path).isDirectory()
      const content = isDirectory ? readdirSync(path).sort() : readFileSync(path, 'utf8')
      const inside = isDirectory ? readdirSync(path).map((name) => join(path, name)) : []
      const entry: [string, unknown] = [path, { mode, uid, ino, size, mtimeMs, ctimeMs, content }]
      return [entry, ...Object.entries(picture(inside))]
    }),
  )
}
