import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A cgroup that bears runchart's name. */
export interface Cgroup {
  path: string
  /** The processes in it and in those below it. */
  pids: number[]
}

/** All cgroups whose name starts with `runchart`, in every hierarchy, at any depth. */
export async function cgroups(root = '/sys/fs/cgroup'): Promise<Cgroup[]> {
  const paths = await named(root)
  return await Promise.all(paths.map(async (path) => ({ path, pids: await pidsBelow(path) })))
}

async function named(directory: string): Promise<string[]> {
  const found = await Promise.all(
    (await directories(directory)).map((path) => (/\/runchart[^/]*$/.test(path) ? [path] : named(path))),
  )
  return found.flat()
}

async function pidsBelow(directory: string): Promise<number[]> {
  const own = await readFile(join(directory, 'cgroup.procs'), 'utf8').catch(() => '')
  const below = await Promise.all((await directories(directory)).map(pidsBelow))
  return [...own.split('\n').filter(Boolean).map(Number), ...below.flat()]
}

async function directories(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(directory, name))
}
