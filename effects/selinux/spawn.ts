import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatLabel, monitorLabel, parseLabel } from './label.ts'

/** Where the kernel shows SELinux. */
export interface SelinuxPaths {
  /** Of selinuxfs, which is mounted where SELinux is on. */
  enforce: string
  /**
   * Of the calling thread: `current`; `exec`, which the next program of a child of it will have; and `sockcreate`,
   * which its next sockets will have.
   */
  attributes: string
}

const PATHS: SelinuxPaths = { enforce: '/sys/fs/selinux/enforce', attributes: '/proc/thread-self/attr' }

/** The kernel takes an empty line as "no context of its own", which a write of no bytes could not tell it. */
const RESET = '\n'

/**
 * Spawns conmon, where SELinux is on with a context of level `s0`. The whole of it is synchronous: the context
 * belongs to this thread, which is the one that forks.
 *
 * @throws the system's error where the policy does not let this process set the context; nothing is spawned then
 */
export function spawnLabelled<T>(spawn: () => T, paths: SelinuxPaths = PATHS): T {
  return spawnWith('exec', existsSync(paths.enforce) ? wantedLabel(paths) : undefined, spawn, paths)
}

/**
 * Spawns a program, where SELinux is on with `label` for the sockets that are made meanwhile, those of its output among
 * them. The kernel forgets it once the program itself is executed (setsockcreatecon(3)). Seed: checkpointContainer.
 *
 * @param label a container's; nothing is set where it has none
 * @throws the system's error where the policy does not let this process set the context; nothing is spawned then
 */
export function spawnWithSocketLabel<T>(
  label: string | undefined,
  spawn: () => T,
  paths: SelinuxPaths = PATHS,
): T {
  const wanted = label === undefined || label === '' || !existsSync(paths.enforce) ? undefined : label
  return spawnWith('sockcreate', wanted, spawn, paths)
}

function spawnWith<T>(
  attribute: 'exec' | 'sockcreate',
  label: string | undefined,
  spawn: () => T,
  { attributes }: SelinuxPaths,
): T {
  if (label === undefined) return spawn()
  const next = join(attributes, attribute)
  writeFileSync(next, label)
  try {
    return spawn()
  } finally {
    reset(next)
  }
}

function wantedLabel({ attributes }: SelinuxPaths): string | undefined {
  const current = parseLabel(readFileSync(join(attributes, 'current'), 'latin1'))
  const wanted = current === undefined ? undefined : monitorLabel(current)
  return wanted === undefined ? undefined : formatLabel(wanted)
}

/** What cannot be reset is set anew by the next spawn of its kind; runtimes set their own. */
function reset(path: string): void {
  try {
    writeFileSync(path, RESET)
  } catch {}
}
