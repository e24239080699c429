import { criuSearchPath, type RestoreOptions, restoreArgv } from '../checkpoint/argv.ts'
import { RunchartError } from '../errors.ts'
import { baseEnvironment } from '../program/environment.ts'
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
  /** Bytes at which conmon begins the log anew; unlimited where undefined or negative. */
  logSizeMax?: number | undefined
  /** Has the runtime move the root with MS_MOVE, as on a ramdisk, whose root cannot be pivoted. */
  noPivot?: boolean | undefined
  /** A program (absolute) and its arguments, run by conmon after it has written the exit file. */
  exitCommand?: readonly string[] | undefined
  /** A further file, absolute, that has conmon's process number once the container is created. */
  conmonPidFile?: string | undefined
  /** Variables of podman's user namespace, such as `_CONTAINERS_ROOTLESS_UID`. */
  userNamespace?: Readonly<Record<string, string>> | undefined
  /** Added to the environment; what conmon needs is not replaced. */
  extraEnv?: Readonly<Record<string, string>> | undefined
  /** Open descriptors of ours that the container's process is to find at 3 and up (sd_listen_fds(3)). */
  listenFds?: readonly number[] | undefined
  /** Open descriptors of ours that the container's process is to find after those. */
  preserveFds?: readonly number[] | undefined
  /** Open descriptors of ours that conmon is to keep open and nobody is to use. */
  heldFds?: readonly number[] | undefined
  /** Brings the processes of an image back, which then run, instead of creating. */
  restore?: RestoreOptions | undefined
}

/** The first descriptor after standard input, output and error. */
const FIRST_FD = 3

/** conmon's descriptors from 3 up: our own numbers of those handed over, then its two pipes. */
export interface ConmonDescriptors {
  handedOver: readonly number[]
  startFd: number
  /** The highest: some versions of conmon close all but that one before they write the exit file. */
  syncFd: number
}

/** The runtime looks for the container's own descriptors at 3 and up, so conmon's pipes come after all others. */
export function conmonDescriptors(options: ConmonOptions): ConmonDescriptors {
  const { listenFds = [], preserveFds = [], heldFds = [] } = options
  const handedOver = [...listenFds, ...preserveFds, ...heldFds]
  const startFd = FIRST_FD + handedOver.length
  return { handedOver, startFd, syncFd: startFd + 1 }
}

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
    ...exitArgv(options.exitCommand ?? []),
    ...(options.logSizeMax !== undefined && options.logSizeMax >= 0
      ? ['--log-size-max', String(options.logSizeMax)]
      : []),
    ...(options.noPivot === true ? ['--no-pivot'] : []),
    // conmon alone knows the runtime's process, which is the one that LISTEN_PID must name.
    ...(hasListenFds(options) ? ['--replace-listen-pid'] : []),
    ...preserveArgv(options.preserveFds ?? []),
    ...logArgv(options.logLevel ?? 'warning'),
    ...(options.restore === undefined ? [] : restoreArgv(options.restore)),
    ...flags.flatMap((flag) => ['--runtime-arg', flag]),
  ]
}

/** Once conmon has forked, its own messages go nowhere but to syslog. */
function logArgv(level: string): string[] {
  return ['--log-level', level, ...(level === 'debug' || level === 'trace' ? ['--syslog'] : [])]
}

function exitArgv([command, ...args]: readonly string[]): string[] {
  if (command === undefined) return []
  return ['--exit-command', command, ...args.flatMap((arg) => ['--exit-command-arg', arg])]
}

function hasListenFds({ listenFds = [] }: ConmonOptions): boolean {
  return listenFds.length > 0
}

/** The runtime closes what it has not been told of. */
function preserveArgv({ length }: readonly number[]): string[] {
  return length === 0 ? [] : ['--runtime-opt', `--preserve-fds=${length}`]
}

function stdioArgv(options: ConmonOptions): string[] {
  if (options.terminal) return ['-t']
  return options.stdin ? ['-i'] : []
}

function validLogPath(path: string): string {
  if (!path.includes(':')) return path
  throw new RunchartError('EINPUT', `the log path ${path} has a colon, which conmon does not take`)
}

/** Where no locale says so, conmon's GLib takes no argument that is more than ASCII, a path among them. */
export const CONMON_CHARSET = { CHARSET: 'UTF-8' }

/** conmon's whole environment; the runtime inherits it from conmon. */
export function conmonEnv(options: ConmonOptions): Record<string, string> {
  const { startFd, syncFd } = conmonDescriptors(options)
  return {
    ...withoutOurs(options.extraEnv ?? {}),
    ...options.userNamespace,
    ...baseEnvironment(options),
    PATH: criuSearchPath(options.restore?.criuPath),
    ...CONMON_CHARSET,
    ...listenEnv(options),
    _OCI_SYNCPIPE: String(syncFd),
    _OCI_STARTPIPE: String(startFd),
  }
}

/** Each of these names descriptors, and would name the wrong ones. */
function withoutOurs(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(_OCI_|LISTEN_)/.test(name)))
}

/** conmon takes any process number above 0 and replaces it. */
function listenEnv({ listenFds = [] }: ConmonOptions): Record<string, string> {
  return listenFds.length === 0 ? {} : { LISTEN_FDS: String(listenFds.length), LISTEN_PID: '1' }
}
