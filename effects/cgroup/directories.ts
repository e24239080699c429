import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Hierarchy } from './hierarchies.ts'

/** A process that is being taken apart is still in its cgroup for an instant after its files are closed. */
const ROUND_MS = 5
const ROUNDS = 200

/** Where a cgroup is: `..` leads no further up than to the mount point, as the runtime has it. */
export function cgroupDirectory({ mountPoint }: Pick<Hierarchy, 'mountPoint'>, path: string): string {
  return join(mountPoint, join('/', path))
}

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
  const attempt = async (work: () => void | Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      errors.push(error)
    }
  }
  const directories = hierarchies.map((hierarchy) => cgroupDirectory(hierarchy, path))
  for (const hierarchy of hierarchies) await attempt(() => makeCgroup(hierarchy, path))
  // For the first move the kernel waits until each processor has been through, some 10 ms; right after it the others
  // take microseconds, and a thread for each would cost more.
  const [first, ...others] = directories.map((directory) => join(directory, 'cgroup.procs'))
  if (first !== undefined) await attempt(() => writeFile(first, String(pid)))
  for (const procs of others) await attempt(() => writeFileSync(procs, String(pid)))
  if (errors.length > 0) {
    throw new AggregateError(errors, errors.map((error) => (error as Error).message).join('; '))
  }
}

function makeCgroup(hierarchy: Hierarchy, path: string): void {
  const { mountPoint, cpuset } = hierarchy
  const directory = cgroupDirectory(hierarchy, path)
  mkdirSync(directory, { recursive: true })
  if (cpuset) inheritCpuset(mountPoint, directory)
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

/** Whether a process is in the cgroup of that path, in any hierarchy. */
export function isPopulated(hierarchies: readonly Hierarchy[], path: string): boolean {
  return hierarchies.some(({ mountPoint }) => {
    try {
      return readFileSync(join(mountPoint, path, 'cgroup.procs'), 'utf8') !== ''
    } catch {
      return false
    }
  })
}

/**
 * Removes the cgroup of that path from every hierarchy.
 *
 * @throws the system's error where a process stays in it for longer than a second
 */
export async function removeCgroup(hierarchies: readonly Hierarchy[], path: string): Promise<void> {
  let left = hierarchies.map((hierarchy) => cgroupDirectory(hierarchy, path))
  for (let round = 0; ; round += 1) {
    left = left.filter((directory) => !isRemoved(directory, round === ROUNDS))
    if (left.length === 0) return
    await delay(ROUND_MS)
  }
}

function isRemoved(directory: string, isLastRound: boolean): boolean {
  // Mostly so the second time; an exception for each would cost more than everything else.
  if (!existsSync(directory)) return true
  try {
    rmdirSync(directory)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return true
    if (code === 'EBUSY' && !isLastRound) return false
    throw error
  }
}
