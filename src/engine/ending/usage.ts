import { posix } from 'node:path'
import { readHierarchies } from '../../../effects/cgroup/hierarchies.ts'
import { type CgroupUsage, readUsage } from '../../../effects/cgroup/usage.ts'
import type { Supervisor } from '../supervisor.ts'

const UNKNOWN: CgroupUsage = { cpuMs: null, memoryPeak: null }

/**
 * What a run has used, to be asked as long as the runtime has not removed its cgroup. systemd removes one by itself as
 * soon as it is empty. Never throws: an exit is told without it.
 */
export function usageOf(supervisor: Supervisor): CgroupUsage {
  try {
    const path = cgroupPath(supervisor)
    return path === undefined ? UNKNOWN : readUsage(readHierarchies(), path)
  } catch (error) {
    supervisor.logger.warn({ err: error }, 'what the container has used could not be read')
    return UNKNOWN
  }
}

/** Undefined where the runtime has chosen one, or where its user has none. */
function cgroupPath(supervisor: Supervisor): string | undefined {
  const path = supervisor.spec().linux?.cgroupsPath ?? ''
  if (supervisor.settings.monitor?.cgroupManager === 'systemd') return scopePath(path)
  // In normal form, as runtimes read it: nothing in it leads out of the hierarchy.
  return path.startsWith('/') ? posix.normalize(path) : undefined
}

/** Where systemd keeps the scope of `slice:prefix:name`: a slice `a-b.slice` is below `a.slice`. */
function scopePath(cgroupsPath: string): string | undefined {
  const [slice = '', prefix, name] = cgroupsPath.split(':')
  if (name === undefined || !slice.endsWith('.slice')) return undefined
  const parts = slice.slice(0, -'.slice'.length).split('-')
  const slices = parts.map((_, index) => `${parts.slice(0, index + 1).join('-')}.slice`)
  return posix.join('/', ...slices, `${prefix}-${name}.scope`)
}
