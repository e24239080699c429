import { basename } from 'node:path'
import { ProgramError } from '../errors.ts'
import { baseEnvironment } from '../program/environment.ts'
import { runProgram } from '../program/program.ts'
import { findProgram } from './find.ts'

const HELP_TIMEOUT_MS = 10_000

/**
 * The CRIU that checkpoints are made with, absolute. Seed: featureCheckCheckpointing, which does not look for CRIU.
 *
 * @param criu name or absolute path; `criu` where left out
 * @throws ProgramError where it is missing, or where the runtime was built without checkpoints
 */
export async function findCheckpointing(
  runtimePath: string,
  criu = 'criu',
  signal?: AbortSignal,
): Promise<string> {
  const criuPath = findProgram(criu)
  const { exitCode } = await runProgram({
    path: runtimePath,
    // crun takes no -h.
    args: ['checkpoint', '--help'],
    env: baseEnvironment({}),
    cwd: '/',
    timeoutMs: HELP_TIMEOUT_MS,
    signal,
  })
  if (exitCode === 0) return criuPath
  throw new ProgramError(`${basename(runtimePath)} (${runtimePath}) cannot checkpoint`, {
    hint: 'use runc, or a crun that was built with CRIU',
  })
}
