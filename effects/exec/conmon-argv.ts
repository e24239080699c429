import { CONMON_CHARSET } from '../conmon/argv.ts'
import { runPaths } from '../conmon/paths.ts'
import { baseEnvironment } from '../program/environment.ts'
import { runtimeFlags, validId } from '../runtime/argv.ts'
import { preserveArgv, validCommand } from './argv.ts'
import type { ExecOptions } from './options.ts'

/** A session that conmon watches. */
export interface MonitoredExecOptions extends ExecOptions {
  conmonPath: string
  /** conmon links `socketsDir/SESSION` to the session's directory, for a path short enough for a socket. */
  socketsDir: string
  /** Whether a client can write to the command through the attach socket. */
  stdin: boolean
  /** Whether conmon waits, before it runs the command, for a client at the attach socket. */
  attach?: boolean | undefined
}

/** Where a session's own specification is, in its directory. */
export const specPath = (sessionDir: string): string => `${sessionDir}/process.json`

/**
 * conmon's arguments for a command in a container that runs.
 *
 * @throws RunchartError `EINPUT` for an empty command, or a session or container id that is none
 */
export function execConmonArgv(options: MonitoredExecOptions): string[] {
  const { pidFile, monitorPidFile, runtimeLog } = runPaths(options.sessionDir)
  validCommand(options)
  const flags = runtimeFlags({ root: options.runtimeRoot, logPath: runtimeLog })
  return [
    ...(options.systemdCgroup === true ? ['-s'] : []),
    ...['-e', '--exec-process-spec', specPath(options.sessionDir)],
    // The pid first, the exit code later.
    '--api-version',
    ...(options.attach === true ? ['--exec-attach'] : []),
    ...['-c', validId(options.containerId), '-u', options.sessionId],
    ...['-r', options.runtimePath, '-b', options.sessionDir],
    ...['-p', pidFile, '-P', monitorPidFile],
    // A session has no log of its own; an attached client alone sees its output.
    ...['-l', 'none'],
    // Both of the session's own: conmon names a session's exit file by its container, whose exit it is not.
    ...['--exit-dir', options.sessionDir, '--persist-dir', options.sessionDir],
    ...['--socket-dir-path', options.socketsDir],
    ...stdioArgv(options),
    ...['--log-level', 'warning'],
    ...flags.flatMap((flag) => ['--runtime-arg', flag]),
    ...preserveArgv(options).flatMap((flag) => ['--runtime-opt', flag]),
  ]
}

function stdioArgv({ tty, stdin }: MonitoredExecOptions): string[] {
  if (tty) return ['-t']
  return stdin ? ['-i'] : []
}

/**
 * Where conmon finds its pipes: after the descriptors that it hands on, which are 3, 4 and so on. The sync pipe is the
 * last, so that conmon keeps it to its end.
 */
export function execConmonFds({ preserveFds, attach }: ExecOptions & { attach?: boolean | undefined }): {
  start: number
  attach: number | undefined
  sync: number
} {
  const start = 3 + preserveFds.length
  return attach === true
    ? { start, attach: start + 1, sync: start + 2 }
    : { start, attach: undefined, sync: start + 1 }
}

/** conmon's whole environment; the runtime inherits it from conmon. */
export function execConmonEnv(
  options: ExecOptions & { home?: string | undefined; attach?: boolean | undefined },
): Record<string, string> {
  const { start, attach, sync } = execConmonFds(options)
  return {
    ...{ ...baseEnvironment(options), ...CONMON_CHARSET },
    ...{ _OCI_STARTPIPE: String(start), _OCI_SYNCPIPE: String(sync) },
    ...(attach !== undefined && { _OCI_ATTACHPIPE: String(attach) }),
  }
}
