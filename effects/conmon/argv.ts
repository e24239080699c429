import { RunchartError } from '../errors.ts'
import { baseEnvironment } from '../process/environment.ts'
import { runtimeFlags, validId } from '../runtime/argv.ts'
import { runPaths } from './paths.ts'

/** One container, as conmon is told of it. Every path is absolute. */
export interface ConmonOptions {
  conmonPath: string
  runtimePath: string
  /** The runtime's own state directory. */
  runtimeRoot: string
  id: string
  bundle: string
  /** Private to this container, mode 0700: pid files, lifeline, runtime log, conmon's standard error. */
  runDir: string
  /** k8s-file log; without a colon, which conmon takes for the end of a log driver's name. */
  logPath: string
  exitsDir: string
  /** conmon links `socketsDir/ID` to the bundle, for a path short enough for a socket. */
  socketsDir: string
  terminal: boolean
  /** Whether the container has a standard input; a terminal always has one. */
  stdin: boolean
  /** conmon's own: error, warning (where left out), info, debug, trace. */
  logLevel?: string | undefined
  systemdCgroup?: boolean | undefined
  xdgRuntimeDir?: string | undefined
  home?: string | undefined
  notifySocket?: string | undefined
}

/** Where conmon finds the descriptors that {@link conmonEnv} names. */
export const START_FD = 3
/** The highest: some versions of conmon close all but that one before they write the exit file. */
export const SYNC_FD = 4

/**
 * conmon's arguments for a create. Seed: createOCIContainer.
 *
 * @throws RunchartError `EINPUT` for an id or log path that conmon would misread
 */
export function conmonArgv(options: ConmonOptions): string[] {
  const paths = runPaths(options.runDir)
  const flags = runtimeFlags({ root: options.runtimeRoot, logPath: paths.runtimeLog })
  return [
    ...(options.systemdCgroup === true ? ['-s'] : []),
    ...['-c', validId(options.id), '-u', options.id],
    ...['-r', options.runtimePath, '-b', options.bundle],
    ...['-p', paths.pidFile, '-P', paths.monitorPidFile],
    ...['-l', `k8s-file:${validLogPath(options.logPath)}`],
    ...['--exit-dir', options.exitsDir, '--socket-dir-path', options.socketsDir],
    // Whatever its version, conmon leaves the out-of-memory marker there.
    ...['--persist-dir', options.runDir],
    ...stdioArgv(options),
    ...logArgv(options.logLevel ?? 'warning'),
    ...flags.flatMap((flag) => ['--runtime-arg', flag]),
  ]
}

/** Once conmon has forked, its own messages go nowhere but to syslog. */
function logArgv(level: string): string[] {
  return ['--log-level', level, ...(level === 'debug' || level === 'trace' ? ['--syslog'] : [])]
}

function stdioArgv(options: ConmonOptions): string[] {
  if (options.terminal) return ['-t']
  return options.stdin ? ['-i'] : []
}

function validLogPath(path: string): string {
  if (!path.includes(':')) return path
  throw new RunchartError('EINPUT', `the log path ${path} has a colon, which conmon does not take`)
}

/** conmon's whole environment; the runtime inherits it from conmon. */
export function conmonEnv(options: ConmonOptions): Record<string, string> {
  return {
    ...baseEnvironment(options),
    _OCI_SYNCPIPE: String(SYNC_FD),
    _OCI_STARTPIPE: String(START_FD),
  }
}
