import { resolve } from 'node:path'
import type { Command } from 'commander'
import { RunchartError } from '../../../effects/errors.ts'
import { defaultRoot, defaultRunRoot } from '../../root/paths.ts'
import { type CreationFlags, readCreation } from './creation.ts'

/** What stands before the verb, resolved. */
export interface Globals {
  /** Absolute. */
  root: string
  /** Absolute. */
  runRoot: string
  /** A name or an absolute path; the engine's own choice where undefined. */
  runtime: string | undefined
  conmon: string | undefined
  criu?: string | undefined
  embedded: boolean
  creation: CreationFlags
}

/** Reads the options before the verb, and the environment where one is not given. */
export function readGlobals(command: Command): Globals {
  const given = command.optsWithGlobals()
  return {
    root: toDirectory('--root', given.root ?? process.env.RUNCHART_ROOT ?? defaultRoot()),
    runRoot: toDirectory('--run-root', given.runRoot ?? process.env.RUNCHART_RUN_ROOT ?? defaultRunRoot()),
    runtime: toProgram(given.runtime),
    conmon: toProgram(given.conmon),
    criu: toProgram(given.criu),
    embedded: given.embedded === true,
    creation: readCreation(command),
  }
}

function toDirectory(option: string, path: string): string {
  if (path !== '' && !path.includes('\0')) return resolve(path)
  throw new RunchartError('EINPUT', `${option} needs a directory`, { hint: 'leave it out for the usual one' })
}

/** A path is this process's; a name is looked up by the owner. */
function toProgram(program: string | undefined): string | undefined {
  return program?.includes('/') ? resolve(program) : program
}
