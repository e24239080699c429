import { RunchartError } from '../../../effects/errors.ts'
import { findProgram, programVersion } from '../../../effects/runtime/find.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

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

/** Finds a program that only some of what runchart offers needs. */
export function checkOptional(nameOrPath: string, program: keyof typeof NEEDED_BY): Finding {
  try {
    return ok(program, findProgram(nameOrPath))
  } catch (error) {
    const { uses, hint } = NEEDED_BY[program]
    return warn(program, `${(error as Error).message}: ${uses} will not work`, hint)
  }
}

const NEEDED_BY = {
  criu: { uses: 'checkpoint and restore', hint: 'install CRIU, or give another with --criu' },
  slirp4netns: { uses: '--network slirp4netns', hint: 'install it: apt-get install slirp4netns' },
} as const
