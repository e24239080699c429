import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A cgroup that bears runchart's name. */
export interface Cgroup {
  path: string
  /** The processes in it and in those below it. */
  pids: number[]
}

/**
 * All cgroups whose name starts with `runchart`, in every hierarchy, at any depth. One directory after the other: a
 * machine may hold more of them than a process may open at once.
 */
export async function cgroups(root = '/sys/fs/cgroup'): Promise<Cgroup[]> {
  const found: Cgroup[] = []
  for (const path of await directories(root)) {
    if (/\/runchart[^/]*$/.test(path)) found.push({ path, pids: await pidsBelow(path) })
    else found.push(...(await cgroups(path)))
  }
  return found
}

async function pidsBelow(directory: string): Promise<number[]> {
  const own = await readFile(join(directory, 'cgroup.procs'), 'utf8').catch(emptyIfGone(''))
  const pids = own.split('\n').filter(Boolean).map(Number)
  for (const below of await directories(directory)) pids.push(...(await pidsBelow(below)))
  return pids
}

async function directories(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(emptyIfGone([]))
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(directory, name))
}

/** Cgroups go while one looks; anything else would hide what is there. */
function emptyIfGone<T>(nothing: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT' || error.code === 'ENODEV') return nothing
    throw error
  }
}
