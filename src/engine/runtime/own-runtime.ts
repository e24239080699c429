import { accessSync, constants } from 'node:fs'
import type { EngineContext } from '../context.ts'

/**
 * A container keeps the runtime that it was created by, whatever its engine has been opened with since: another one
 * would know nothing of it. Only where that program is gone, as after an upgrade, is it the engine's.
 *
 * @param path the container's runtime, absolute
 */
export function withOwnRuntime(engine: EngineContext, path: string): EngineContext {
  if (path === engine.runtime.path || !isProgram(path)) return engine
  return { ...engine, runtime: engine.runtimeAt(path) }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
