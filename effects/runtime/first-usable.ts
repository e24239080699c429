import { ProgramError, RunchartError } from '../errors.ts'
import { findProgram, programVersion } from './find.ts'

/**
 * The path of the first of several OCI runtimes, names or absolute paths, that is there and new enough.
 *
 * @throws ProgramError that says what is wrong with each
 */
export async function findRuntime(candidates: readonly string[], signal?: AbortSignal): Promise<string> {
  const errors: ProgramError[] = []
  for (const candidate of candidates) {
    try {
      const path = findProgram(candidate)
      await programVersion(path, { expected: 'runtime', signal })
      return path
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error
      errors.push(error)
    }
  }
  const [first] = errors
  if (first === undefined) {
    throw new RunchartError('EINPUT', 'no runtime is given', { hint: 'leave it out for runc' })
  }
  if (errors.length === 1) throw first
  const why = errors.map(({ message }) => message).join('; ')
  throw new ProgramError(`none of the runtimes can be used: ${why}`, { hint: first.hint })
}
