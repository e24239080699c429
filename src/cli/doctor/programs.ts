import { RunchartError } from '../../../effects/errors.ts'
import { findProgram, programVersion } from '../../../effects/runtime/find.ts'
import { type Finding, fail, ok } from './finding.ts'

/** Finds conmon or the runtime and asks it for its version, exactly as an engine does when it opens. */
export async function checkProgram(nameOrPath: string, expected: 'conmon' | 'runtime'): Promise<Finding> {
  try {
    const path = findProgram(nameOrPath)
    return ok(expected, `${path}, version ${await programVersion(path, { expected })}`)
  } catch (error) {
    const { message } = error as Error
    const hint = error instanceof RunchartError ? error.hint : undefined
    return fail(expected, message, hint ?? `give another with --${expected}`)
  }
}
