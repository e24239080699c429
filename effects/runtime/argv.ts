import { type CheckpointOptions, checkpointArgv, criuFlags } from '../checkpoint/argv.ts'
import { RunchartError } from '../errors.ts'
import { quote } from '../quote.ts'

/** Flags that come before the verb. */
export interface RuntimeFlags {
  /** The runtime's own state directory. */
  root: string
  /** Where it writes its log, as JSON lines. */
  logPath?: string | undefined
  systemdCgroup?: boolean | undefined
  /** CRIU; the runtime looks for one by itself where left out. */
  criuPath?: string | undefined
}

/** What a runtime is asked to do. */
export type RuntimeVerb =
  | { verb: 'state' | 'start' | 'pause' | 'resume' | 'ps'; id: string }
  | { verb: 'list'; id?: undefined }
  | { verb: 'kill'; id: string; signal: number; all?: boolean | undefined }
  | { verb: 'delete'; id: string; force?: boolean | undefined }
  | ({ verb: 'checkpoint'; id: string } & CheckpointOptions)

/** The arguments of runc or crun for one verb. @throws RunchartError `EINPUT` for an id or signal that is none */
export function runtimeArgv(flags: RuntimeFlags, verb: RuntimeVerb): string[] {
  return [...runtimeFlags(flags), verb.verb, ...verbArgv(verb)]
}

/** The global flags alone, as conmon hands them on. */
export function runtimeFlags(flags: RuntimeFlags): string[] {
  return [
    ...['--root', flags.root],
    ...(flags.logPath === undefined ? [] : ['--log', flags.logPath, '--log-format', 'json']),
    ...(flags.systemdCgroup === true ? ['--systemd-cgroup'] : []),
    ...criuFlags(flags.criuPath),
  ]
}

function verbArgv(verb: RuntimeVerb): string[] {
  if (verb.verb === 'list') return ['--format', 'json']
  const id = validId(verb.id)
  switch (verb.verb) {
    case 'kill':
      return [...(verb.all === true ? ['--all'] : []), id, validSignal(verb.signal)]
    case 'delete':
      return [...(verb.force === true ? ['--force'] : []), id]
    case 'ps':
      return ['--format', 'json', id]
    case 'checkpoint':
      return [...checkpointArgv(verb), id]
    default:
      return [id]
  }
}

/** Whether a name can be an id: it can be no flag, no path and no hidden file. */
export function isContainerId(id: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/.test(id)
}

/** Gives the id back. @throws RunchartError `EINPUT` where it could be taken for a flag or a path */
export function validId(id: string): string {
  if (isContainerId(id)) return id
  throw new RunchartError('EINPUT', `${quote(id)} cannot be a container's id`, {
    hint: 'letters, digits, and after the first character also _ . - are allowed; at most 128',
  })
}

function validSignal(signal: number): string {
  if (Number.isInteger(signal) && signal >= 1 && signal <= 64) return String(signal)
  throw new RunchartError('EINPUT', `${quote(signal)} is not a signal's number`)
}
