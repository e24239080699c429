import { runPaths } from '../conmon/paths.ts'
import { RunchartError } from '../errors.ts'
import { runtimeFlags, validId } from '../runtime/argv.ts'
import type { ExecOptions } from './options.ts'

/**
 * A runtime's arguments for a command in a container that runs. Seed: execContainer.
 *
 * @throws RunchartError `EINPUT` for an empty command, or a session or container id that is none
 */
export function execArgv(options: ExecOptions): string[] {
  const { pidFile, runtimeLog } = runPaths(options.sessionDir)
  const { user } = options
  return [
    ...runtimeFlags({
      root: options.runtimeRoot,
      logPath: runtimeLog,
      systemdCgroup: options.systemdCgroup,
    }),
    'exec',
    ...(options.cwd === undefined ? [] : ['--cwd', options.cwd]),
    ...['--pid-file', pidFile],
    // Said either way: a runtime would else take the container's own setting.
    options.tty ? '--tty' : '--tty=false',
    ...(user === undefined ? [] : ['--user', `${user.uid}:${user.gid}`]),
    ...preserveArgv(options),
    ...(options.noNewPrivileges ? ['--no-new-privs'] : []),
    ...options.capabilities.flatMap((name) => ['--cap', name]),
    ...options.env.flatMap((entry) => ['--env', entry]),
    validId(options.containerId),
    ...validCommand(options),
  ]
}

/**
 * The same where only a process's specification says it; see {@link needsProcessSpec}.
 *
 * @throws RunchartError as {@link execArgv}
 */
export function execSpecArgv(options: ExecOptions, specPath: string): string[] {
  const { pidFile, runtimeLog } = runPaths(options.sessionDir)
  validCommand(options)
  return [
    ...runtimeFlags({
      root: options.runtimeRoot,
      logPath: runtimeLog,
      systemdCgroup: options.systemdCgroup,
    }),
    ...['exec', '--process', specPath, '--pid-file', pidFile],
    ...preserveArgv(options),
    validId(options.containerId),
  ]
}

/**
 * Whether {@link execArgv} cannot say it, or not to every runtime: no flag of crun names additional groups, and its
 * `--env` and `--cap` take the place of what the container has instead of adding to it.
 */
export function needsProcessSpec({ user, env, capabilities }: ExecOptions): boolean {
  return (user?.additionalGids?.length ?? 0) + env.length + capabilities.length > 0
}

/** The runtime's own flag; conmon hands it on. */
export function preserveArgv({ preserveFds }: ExecOptions): string[] {
  return preserveFds.length === 0 ? [] : [`--preserve-fds=${preserveFds.length}`]
}

/** Gives the command back. @throws RunchartError `EINPUT` */
export function validCommand({ command, sessionId }: ExecOptions): readonly string[] {
  if (sessionId === '') throw new RunchartError('EINPUT', 'a session needs an id')
  validId(sessionId)
  if (command.length > 0 && command[0] !== '') return command
  throw new RunchartError('EINPUT', 'there is no command to run', {
    hint: 'give a program and its arguments',
  })
}
