import { accessSync, constants } from 'node:fs'
import type { ContainerSettings } from '../../store/records.ts'
import type { EngineContext } from '../context.ts'

/**
 * A container keeps the runtime that it was created by, and who makes its cgroup, whatever its engine has been opened
 * with since: another runtime would know nothing of it. Only where that program is gone, as after an upgrade, is it
 * the engine's.
 */
export function withOwnRuntime(
  engine: EngineContext,
  { runtime, monitor }: Pick<ContainerSettings, 'runtime' | 'monitor'>,
): EngineContext {
  const path = isProgram(runtime) ? runtime : engine.runtime.path
  const manager = monitor?.cgroupManager ?? 'cgroupfs'
  if (path === engine.runtime.path && manager === engine.creation.cgroupManager) return engine
  return { ...engine, runtime: engine.runtimeAt(path, manager) }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
