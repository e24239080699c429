import { posix } from 'node:path'
import { validId } from '../runtime/argv.ts'

/** Who makes cgroups: the engine and the runtime by themselves, or systemd for them. */
export type CgroupManager = 'cgroupfs' | 'systemd'

/** Where a container's conmon is put: beside the container, so that its own use is not the container's. */
export type MonitorPlacement =
  | { manager: 'cgroupfs'; path: string }
  | { manager: 'systemd'; slice: string; scope: string }

/** The slice of a container that names none. */
export const DEFAULT_SLICE = 'machine.slice'

/**
 * Where the conmon of a container with that `cgroupsPath` belongs; undefined where that leaves it to the runtime,
 * whose choice then depends on where conmon is. Seed: moveConmonToCgroup.
 */
export function monitorPlacement(
  manager: CgroupManager,
  id: string,
  cgroupsPath: string | undefined,
): MonitorPlacement | undefined {
  const name = `runchart-conmon-${validId(id)}`
  if (manager === 'systemd') {
    return { manager, slice: sliceOf(cgroupsPath), scope: `${name}.scope` }
  }
  if (cgroupsPath === undefined || !cgroupsPath.startsWith('/')) return undefined
  // Normal form of an absolute path: nothing in it leads out of the hierarchy.
  return { manager, path: posix.join(posix.dirname(posix.normalize(cgroupsPath)), name) }
}

/** Of `slice:prefix:name`, as the runtime takes it. */
function sliceOf(cgroupsPath: string | undefined): string {
  const [slice = '', ...rest] = (cgroupsPath ?? '').split(':')
  return rest.length === 2 && slice.endsWith('.slice') ? slice : DEFAULT_SLICE
}

/** The `cgroupsPath` of a container below a parent: a path for cgroupfs, a slice for systemd. */
export function containerCgroupsPath(manager: CgroupManager, id: string, parent: string | undefined): string {
  if (manager === 'systemd') return `${lastPart(parent) ?? DEFAULT_SLICE}:runchart:${validId(id)}`
  return posix.join('/', parent ?? '', `runchart-${validId(id)}`)
}

/** systemd knows a slice by its own name, which holds its parents'. */
function lastPart(parent: string | undefined): string | undefined {
  const last = parent?.slice(parent.lastIndexOf('/') + 1)
  return last === '' ? undefined : last
}
