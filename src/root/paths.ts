import { homedir } from 'node:os'
import { join } from 'node:path'

const isRoot = (): boolean => process.geteuid?.() === 0

/** Where state is kept: `/var/lib/runchart`, or under `$XDG_DATA_HOME` for other users than root. */
export function defaultRoot(): string {
  if (isRoot()) return '/var/lib/runchart'
  return join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local/share'), 'runchart')
}

/** Where exits, sockets and pid files are kept: `/run/runchart`, or under `$XDG_RUNTIME_DIR`. */
export function defaultRunRoot(): string {
  if (isRoot()) return '/run/runchart'
  return join(process.env.XDG_RUNTIME_DIR ?? `/run/user/${process.geteuid?.() ?? 0}`, 'runchart')
}

/** The socket on which the owner of a run root answers. */
export const ownerSocketPath = (runRoot: string): string => join(runRoot, 'owner.sock')

/** Every path that an engine uses; all absolute. */
export interface EnginePaths {
  /** Survives a restart of the machine. */
  root: string
  store: string
  /** The number of the newest event that was told; in both roots. */
  lastTold: readonly string[]
  /** Gone with a restart of the machine. */
  runRoot: string
  exits: string
  sockets: string
  /** The runtime's own state. */
  runtimeRoot: string
}

/** The paths below a root and a run root. */
export const enginePaths = (root: string, runRoot: string): EnginePaths => ({
  root,
  store: join(root, 'store.db'),
  lastTold: [join(root, 'last-seq'), join(runRoot, 'last-seq')],
  runRoot,
  exits: join(runRoot, 'exits'),
  sockets: join(runRoot, 'socket'),
  runtimeRoot: join(runRoot, 'runtime'),
})

/** The paths of one container. */
export interface ContainerPaths {
  /** Everything of it that outlives a run. */
  directory: string
  bundle: string
  log: string
  /** Everything of one run: pid files, lifeline, conmon's and the runtime's words. */
  runDirectory: string
}

/** The paths of one container below an engine's. */
export function containerPaths(paths: EnginePaths, id: string): ContainerPaths {
  const directory = join(paths.root, 'containers', id)
  return {
    directory,
    bundle: join(directory, 'bundle'),
    log: join(directory, 'ctr.log'),
    runDirectory: join(paths.runRoot, 'containers', id),
  }
}
