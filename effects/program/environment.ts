/** Where programs are looked for by those that runchart starts: never the caller's own PATH. */
export const FIXED_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The variables a started program may be given. */
export interface EnvironmentOptions {
  /** Where a rootless runtime keeps its own state. */
  xdgRuntimeDir?: string | undefined
  /** `/` where left out. */
  home?: string | undefined
  /** The service manager's socket, for a container that reports its readiness. */
  notifySocket?: string | undefined
}

/** The whole environment of conmon or a runtime; nothing is inherited. */
export function baseEnvironment(options: EnvironmentOptions): Record<string, string> {
  return {
    PATH: FIXED_PATH,
    HOME: options.home ?? '/',
    ...(options.xdgRuntimeDir === undefined ? {} : { XDG_RUNTIME_DIR: options.xdgRuntimeDir }),
    ...(options.notifySocket === undefined ? {} : { NOTIFY_SOCKET: options.notifySocket }),
  }
}
