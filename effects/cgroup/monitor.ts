import { isPopulated, joinCgroup, removeCgroup } from './directories.ts'
import { readHierarchies } from './hierarchies.ts'
import type { MonitorPlacement } from './placement.ts'
import { moveToScope } from './scope.ts'

/**
 * Puts a conmon where it belongs, before it starts anything. Seed: moveConmonToCgroup.
 *
 * @throws what went wrong; conmon is then where it was, or in some of the hierarchies
 */
export async function placeMonitor(
  placement: MonitorPlacement,
  pid: number,
  signal?: AbortSignal,
): Promise<void> {
  if (placement.manager === 'systemd') return moveToScope({ ...placement, pid }, signal)
  return joinCgroup(readHierarchies(), placement.path, pid)
}

/**
 * Removes what {@link placeMonitor} made; systemd removes a scope by itself once it is empty.
 *
 * @throws the system's error where a process stays in it for longer than a second
 */
export async function removeMonitorCgroup(placement: MonitorPlacement): Promise<void> {
  if (placement.manager === 'cgroupfs') await removeCgroup(readHierarchies(), placement.path)
}

/** Whether conmon, or what it has started, is still in what {@link removeMonitorCgroup} is to remove. */
export function isMonitorCgroupInUse(placement: MonitorPlacement): boolean {
  return placement.manager === 'cgroupfs' && isPopulated(readHierarchies(), placement.path)
}
