import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { type Finding, ok } from './finding.ts'

const CHECK = 'cgroup moves'
/** The first major version of Linux whose cgroups know `favordynmods`. */
const SINCE = 6

/**
 * Judges how long the kernel takes to move a process to another cgroup, as each create does: it waits until every
 * processor has been through, unless cgroups are mounted with `favordynmods`, which makes forks and exits a little
 * dearer instead. Nothing is to be said where version 2 is not mounted, or the kernel is older.
 */
export function judgeMoves(mountinfo: string, kernel: string): Finding[] {
  if (Number.parseInt(kernel, 10) < SINCE) return []
  const mount = mountinfo.split('\n').find((line) => / - cgroup2 /.test(line))
  if (mount === undefined) return []
  const [before = '', after = ''] = mount.split(' - ')
  if (after.split(' ')[2]?.split(',').includes('favordynmods')) return [ok(CHECK, 'quick (favordynmods)')]
  return [
    ok(
      CHECK,
      'each create waits until every processor has been through the kernel, some 10 ms',
      `mount -o remount,favordynmods ${before.split(' ')[4]}, or cgroup_favordynmods=true on the kernel command line, spares it; Linux keeps to it until it is started again`,
    ),
  ]
}

/** Looks at this machine's. */
export const checkMoves = (): Finding[] => judgeMoves(readFileSync('/proc/self/mountinfo', 'utf8'), release())
