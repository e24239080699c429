import { readFileSync } from 'node:fs'
import { type Finding, fail, ok, warn } from './finding.ts'

/** What of cgroups is mounted where. */
export interface Cgroups {
  /** `hybrid`: version 1 has the controllers, version 2 is mounted beside it without any. */
  mode: 'v1' | 'v2' | 'hybrid' | 'none'
  controllers: Set<string>
}

/** What needs each controller. */
const USES: Record<string, string> = {
  memory: '--memory',
  pids: '--pids-limit',
  cpu: '--cpus',
  freezer: 'pause',
}

/** Reads the mounts of cgroups. `controllersOf` gives the content of a version 2 mount's cgroup.controllers. */
export function readCgroups(mountinfo: string, controllersOf: (mountPoint: string) => string): Cgroups {
  const version1 = new Set<string>()
  let version2: string | undefined
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ')
    const [type, , options = ''] = after.split(' ')
    if (type === 'cgroup2') version2 = before.split(' ')[4]
    if (type === 'cgroup') for (const option of options.split(',')) version1.add(option)
  }
  if (Object.keys(USES).some((controller) => version1.has(controller))) {
    return { mode: version2 === undefined ? 'v1' : 'hybrid', controllers: version1 }
  }
  if (version2 === undefined) return { mode: 'none', controllers: new Set() }
  // Version 2 freezes without a controller.
  const controllers = new Set([...controllersOf(version2).trim().split(/\s+/), 'freezer'])
  return { mode: 'v2', controllers }
}

/** Judges what is mounted. */
export function judgeCgroups({ mode, controllers }: Cgroups): Finding {
  if (mode === 'none') {
    return fail('cgroups', 'none is mounted', 'mount -t cgroup2 none /sys/fs/cgroup, or boot with systemd')
  }
  const missing = Object.entries(USES).filter(([controller]) => !controllers.has(controller))
  if (missing.length === 0) return ok('cgroups', mode)
  const names = missing.map(([controller]) => controller).join(', ')
  const uses = missing.map(([, use]) => use).join(', ')
  return warn(
    'cgroups',
    `${mode}, without ${names}: ${uses} will not work`,
    mode === 'v2'
      ? 'delegate them: add the controllers to cgroup.subtree_control of the parent'
      : 'enable them on the kernel command line: cgroup_enable=memory swapaccount=1',
  )
}

/** Looks at this machine's cgroups. */
export function checkCgroups(): Finding {
  const read = (path: string): string => readFileSync(path, 'utf8')
  return judgeCgroups(
    readCgroups(read('/proc/self/mountinfo'), (mount) => read(`${mount}/cgroup.controllers`)),
  )
}
