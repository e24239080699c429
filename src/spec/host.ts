import { existsSync } from 'node:fs'
import type { CgroupManager } from '../../effects/cgroup/placement.ts'

/** What a spec has to know of the machine and the caller. */
export interface SpecHost {
  /** The engine's effective user; anybody but 0 gets a user namespace. */
  uid: number
  gid: number
  /** Whether /sys/fs/cgroup is the unified hierarchy. */
  cgroupV2: boolean
  /** Who makes cgroups; `cgroupfs` where left out. */
  cgroupManager?: CgroupManager | undefined
}

/** The machine that this process runs on. */
export function currentHost(): SpecHost {
  return {
    uid: process.geteuid?.() ?? 0,
    gid: process.getegid?.() ?? 0,
    cgroupV2: existsSync('/sys/fs/cgroup/cgroup.controllers'),
  }
}
