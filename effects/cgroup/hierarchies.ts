import { readFileSync } from 'node:fs'

/** A mounted cgroup hierarchy. */
export interface Hierarchy {
  /** Absolute. */
  mountPoint: string
  /** Version 1 has a hierarchy for each controller or group of them; the unified one is version 2. */
  version: 1 | 2
  /** A version 1 `cpuset`, whose new groups take no process before they have CPUs and memory nodes. */
  cpuset: boolean
}

let found: Hierarchy[] | undefined

/** The hierarchies that are mounted here, as they were when this was first asked: a machine does not change them. */
export function readHierarchies(): Hierarchy[] {
  found ??= parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'))
  return found
}

/** Reads the hierarchies out of a /proc/PID/mountinfo (proc(5)); each once, at the place it was mounted first. */
export function parseHierarchies(mountinfo: string): Hierarchy[] {
  const found = new Map<string, Hierarchy>()
  for (const line of mountinfo.split('\n')) {
    const [mount = '', source = ''] = line.split(' - ')
    const [, , device = '', , mountPoint = ''] = mount.split(' ')
    const [type, , options = ''] = source.split(' ')
    if ((type !== 'cgroup' && type !== 'cgroup2') || found.has(device)) continue
    const cpuset = type === 'cgroup' && options.split(',').includes('cpuset')
    found.set(device, { mountPoint: decodeOctal(mountPoint), version: type === 'cgroup' ? 1 : 2, cpuset })
  }
  return [...found.values()]
}

/** Blanks and backslashes are written as `\040`. */
function decodeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
