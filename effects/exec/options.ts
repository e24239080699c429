/** Whom a command runs as, in the container's own numbers. */
export interface ExecUser {
  uid: number
  gid: number
  additionalGids?: number[] | undefined
}

/** One session, as a runtime or conmon is told of it. Every path is absolute. */
export interface ExecOptions {
  runtimePath: string
  /** The runtime's own state directory. */
  runtimeRoot: string
  systemdCgroup?: boolean | undefined
  xdgRuntimeDir?: string | undefined
  containerId: string
  sessionId: string
  /** Private to this session, mode 0700: pid files, lifeline, the runtime's log. */
  sessionDir: string
  /** The program and its arguments; not empty. */
  command: readonly string[]
  /** Absolute; the container's own where left out. */
  cwd?: string | undefined
  /** The container's own where left out. */
  user?: ExecUser | undefined
  /** `NAME=value`, added to the container's own. */
  env: readonly string[]
  /** Names such as `CAP_KILL`, added to the container's own. */
  capabilities: readonly string[]
  tty: boolean
  /** Of its terminal, from the beginning. */
  size?: { columns: number; rows: number } | undefined
  noNewPrivileges: boolean
  /** Descriptors of this process that the command gets as 3, 4 and so on. */
  preserveFds: readonly number[]
}
