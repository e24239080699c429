import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Hierarchy } from './hierarchies.ts'

/** A process that is being taken apart is still in its cgroup for an instant after its files are closed. */
const ROUND_MS = 5
const ROUNDS = 200

/**
 * Moves a process into a cgroup of that path in every hierarchy, made where it is not there.
 *
 * @throws AggregateError of what failed; it is in all the others
 */
export async function joinCgroup(
  hierarchies: readonly Hierarchy[],
  path: string,
  pid: number,
): Promise<void> {
  const errors: unknown[] = []
  // One after the other: the kernel waits once for all processors, and the moves right after that are quick.
  for (const hierarchy of hierarchies) {
    const directory = join(hierarchy.mountPoint, path)
    try {
      await mkdir(directory, { recursive: true })
      if (hierarchy.cpuset) inheritCpuset(hierarchy.mountPoint, directory)
      await writeFile(join(directory, 'cgroup.procs'), String(pid))
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) {
    throw new AggregateError(errors, errors.map((error) => (error as Error).message).join('; '))
  }
}

/** From the topmost that is still empty down. */
function inheritCpuset(mountPoint: string, directory: string): void {
  const parent = dirname(directory)
  if (!directory.startsWith(`${mountPoint}/`)) return
  inheritCpuset(mountPoint, parent)
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (readFileSync(join(directory, file), 'utf8').trim() !== '') continue
    writeFileSync(join(directory, file), readFileSync(join(parent, file)))
  }
}

/**
 * Removes the cgroup of that path from every hierarchy.
 *
 * @throws the system's error where a process stays in it
 */
export async function removeCgroup(hierarchies: readonly Hierarchy[], path: string): Promise<void> {
  await Promise.all(hierarchies.map(({ mountPoint }) => removeDirectory(join(mountPoint, path))))
}

async function removeDirectory(directory: string): Promise<void> {
  for (let round = 0; existsSync(directory); round += 1) {
    try {
      await rmdir(directory)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return
      if (code !== 'EBUSY' || round === ROUNDS) throw error
      await delay(ROUND_MS)
    }
  }
}
