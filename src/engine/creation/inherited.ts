import { fstatSync } from 'node:fs'

/** What of the engine's own environment its containers get. */
export interface Inherited {
  xdgRuntimeDir: string | undefined
  /** The service manager's socket, for a container that reports its readiness. */
  notifySocket: string | undefined
  /** Variables of podman's user namespace, as far as they are set. */
  userNamespace: Record<string, string>
  /** Open descriptors that a service manager handed to this process (sd_listen_fds(3)). */
  listenFds: number[]
}

const USER_NAMESPACE = ['_CONTAINERS_USERNS_CONFIGURED', '_CONTAINERS_ROOTLESS_UID']
const FIRST_LISTEN_FD = 3

/** Reads what containers inherit. Descriptors that were handed to another process, or are not open, are none. */
export function readInherited(
  env: NodeJS.ProcessEnv = process.env,
  own: { pid: number; isOpen: (fd: number) => boolean } = { pid: process.pid, isOpen },
): Inherited {
  return {
    xdgRuntimeDir: nonEmpty(env.XDG_RUNTIME_DIR),
    notifySocket: nonEmpty(env.NOTIFY_SOCKET),
    userNamespace: Object.fromEntries(
      USER_NAMESPACE.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
    ),
    listenFds: env.LISTEN_PID === String(own.pid) ? listenFds(env.LISTEN_FDS ?? '', own.isOpen) : [],
  }
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}

function listenFds(count: string, isOpen: (fd: number) => boolean): number[] {
  if (!/^[1-9]\d{0,3}$/.test(count)) return []
  const fds = Array.from({ length: Number(count) }, (_, index) => FIRST_LISTEN_FD + index)
  return fds.every(isOpen) ? fds : []
}

/** Whether this process has that descriptor open. */
export function isOpen(fd: number): boolean {
  try {
    fstatSync(fd)
    return true
  } catch {
    return false
  }
}
